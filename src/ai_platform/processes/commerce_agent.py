"""The commerce agent: looks after payments, and ends orders whose time ran out."""

import asyncio
from dataclasses import asdict

from ai_platform.commerce.wiring import Commerce
from ai_platform.processes.commerce import commerce_of
from ai_platform.processes.foundation import Foundation, connected, spans_of
from ai_platform.processes.housekeeping import FORGET_EVERY
from ai_platform.processes.lifecycle import run, service_settings, stop_signals
from ai_platform.processes.metrics import serve_metrics
from ai_platform.processes.tenancy import refuse_lost_secrets, tenancy_of
from ai_platform.runtime.consuming import Consumer
from ai_platform.runtime.logging import configure_logging, get_logger
from ai_platform.runtime.periodic import Periodic

POLL_EVERY = 1.0
SWEEP_EVERY = 5.0
RECONCILE_EVERY = 3600.0
RECONCILE_AFTER = 300.0
"""An agent that starts again and again must not ask the providers about everything each time."""
CONCURRENCY = 32

_log = get_logger(__name__)


async def attend(foundation: Foundation, commerce: Commerce, stop: asyncio.Event) -> None:
    """Work until `stop`, then take no more and finish what is in hand; what is left is due again by itself."""
    settings, work = foundation.settings, commerce.work
    consumer = Consumer(
        settings.rabbitmq_crm_queue,
        work.on_message,
        ready=foundation.database.ping,
        metrics=foundation.metrics,
        concurrency=CONCURRENCY,
        express=foundation.express,
    )

    async def reconcile() -> None:
        report = await work.reconcile()
        if not report.is_clean:
            _log.error("books_disagree", **asdict(report))

    repeated = [
        Periodic("payment-poll", work.payments.work_off, seconds=POLL_EVERY),
        Periodic("order-expiry", work.expire_overdue, seconds=SWEEP_EVERY),
        Periodic("reconciliation", reconcile, seconds=RECONCILE_EVERY, after=RECONCILE_AFTER),
        Periodic("commerce-retention", work.forget_old, seconds=FORGET_EVERY),
    ]
    for one in repeated:
        one.start()
    await consumer.start(foundation.bus)
    await stop.wait()
    await consumer.stop()
    for one in repeated:
        await one.stop()
    await work.payments.drain(settings.shutdown_grace_seconds)
    await consumer.close()


async def serve() -> None:
    settings = service_settings()
    configure_logging(level=settings.log_level, output_format=settings.log_format)
    await refuse_lost_secrets(settings)
    foundation = connected(settings, service="ai-platform commerce-agent", spans=spans_of(settings, "commerce-agent"))
    commerce = commerce_of(foundation, tenancy_of(foundation))
    if settings.metrics_port is not None:
        serve_metrics(settings.metrics_port, settings.metrics_host, foundation.metrics)
    with stop_signals() as stop:
        foundation.relay.start()
        _log.info("commerce_agent_started")
        await attend(foundation, commerce, stop)
        await commerce.close()
        await foundation.close()
        _log.info("commerce_agent_stopped")


def main() -> None:
    run(serve())


if __name__ == "__main__":
    main()
