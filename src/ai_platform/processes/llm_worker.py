"""The LLM worker: claims jobs, calls models, writes results."""

import asyncio

from ai_platform.jobs.wiring import JobsWork, build_jobs_work
from ai_platform.llm.wiring import Llm, build_llm
from ai_platform.processes.foundation import Foundation, connected, spans_of
from ai_platform.processes.housekeeping import Housekeeping
from ai_platform.processes.lifecycle import environment, run, service_settings, stop_signals
from ai_platform.processes.llm_settings import llm_options
from ai_platform.processes.metrics import serve_metrics
from ai_platform.processes.tenancy import refuse_lost_secrets, signing_secrets, tenancy_of
from ai_platform.runtime.consuming import Consumer
from ai_platform.runtime.logging import configure_logging, get_logger
from ai_platform.runtime.periodic import Periodic
from ai_platform.runtime.webhooks import SigningSecrets

SWEEP_EVERY = 0.5
POLL_EVERY = 1.0
GAUGE_EVERY = 2.0
RETENTION_EVERY = 60.0

_log = get_logger(__name__)


def working_parts(foundation: Foundation) -> tuple[Llm, JobsWork]:
    """The models and the jobs that run on them."""
    settings, database, metrics = foundation.settings, foundation.database, foundation.metrics
    spans = foundation.spans
    llm = build_llm(
        database=database,
        environment=environment(),
        metrics=metrics,
        shared=foundation.shared,
        options=llm_options(settings),
        spans=spans,
    )
    jobs = build_jobs_work(
        database=database,
        relay=foundation.relay,
        live=foundation.live,
        llm=llm.api,
        settings=settings,
        metrics=metrics,
        webhooks_due=foundation.webhooks_due,
        spans=spans,
    )
    foundation.idle.append(jobs.idle)
    return llm, jobs


async def work(
    foundation: Foundation, llm: Llm, jobs: JobsWork, stop: asyncio.Event, *, signing: SigningSecrets
) -> None:
    """Work until `stop`, then take no more and finish or hand back what is in hand."""
    settings = foundation.settings
    consumer = Consumer(
        settings.rabbitmq_task_queue,
        jobs.worker.on_wake_up,
        ready=foundation.database.ping,
        metrics=foundation.metrics,
        concurrency=settings.llm_worker_concurrency,
        express=foundation.express,
    )
    repeated = [
        Periodic("job-sweeper", jobs.worker.sweep, seconds=SWEEP_EVERY),
        Periodic("job-poll", jobs.worker.poll, seconds=POLL_EVERY),
        Periodic("breaker-gauge", llm.gauge_breakers, seconds=GAUGE_EVERY),
        Periodic("job-retention", jobs.retention, seconds=RETENTION_EVERY),
    ]
    housekeeping = Housekeeping(foundation, signing)
    jobs.heartbeat.start()
    await housekeeping.start()
    for one in repeated:
        one.start()
    await consumer.start(foundation.bus)
    await stop.wait()
    await consumer.stop()
    for one in repeated:
        await one.stop()
    grace = settings.shutdown_grace_seconds
    await asyncio.gather(jobs.worker.drain(grace), housekeeping.stop(grace))
    await consumer.close()
    await jobs.heartbeat.stop()


async def serve() -> None:
    settings = service_settings()
    await refuse_lost_secrets(settings)
    configure_logging(level=settings.log_level, output_format=settings.log_format)
    foundation = connected(settings, service="ai-platform llm-worker", spans=spans_of(settings, "llm-worker"))
    llm, jobs = working_parts(foundation)
    signing = signing_secrets(tenancy_of(foundation), settings)
    if settings.metrics_port is not None:
        serve_metrics(settings.metrics_port, settings.metrics_host, foundation.metrics)
    with stop_signals() as stop:
        foundation.relay.start()
        _log.info("worker_started", concurrency=settings.llm_worker_concurrency)
        await work(foundation, llm, jobs, stop, signing=signing)
        await llm.close()
        await foundation.close()
        _log.info("worker_stopped")


def main() -> None:
    run(serve())


if __name__ == "__main__":
    main()
