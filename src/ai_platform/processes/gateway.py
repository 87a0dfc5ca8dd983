"""The gateway: all HTTP. Accepts work into PostgreSQL and relays it to the bus."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from ai_platform.commerce.wiring import Commerce
from ai_platform.inbox.wiring import build_inbox
from ai_platform.jobs.wiring import build_jobs_api
from ai_platform.llm.wiring import Llm, build_llm
from ai_platform.processes.commerce import commerce_of
from ai_platform.processes.foundation import VERSION, Foundation, connected, queues, spans_of
from ai_platform.processes.lifecycle import WrongUse, environment, run, service_settings, stop_signals
from ai_platform.processes.llm_settings import llm_options
from ai_platform.processes.server import bind, serve_until, server_for
from ai_platform.processes.tenancy import (
    buckets_of,
    refuse_lost_secrets,
    secrets_are_readable,
    signing_secrets,
    tenancy_of,
)
from ai_platform.runtime import migrations
from ai_platform.runtime.auth import Door, is_loopback
from ai_platform.runtime.health import Vitals, operations_router, refuse_while, schema_is_at
from ai_platform.runtime.http import Lifespan, build_app
from ai_platform.runtime.logging import configure_logging
from ai_platform.runtime.operations_http import dead_letters_router, queues_router
from ai_platform.runtime.periodic import Periodic
from ai_platform.runtime.rate_limits import Rate, RateLimits
from ai_platform.runtime.settings import Settings
from ai_platform.tenancy.wiring import Tenancy

GAUGES_EVERY = 5.0


def create_app(draining: Callable[[], bool] = lambda: False) -> FastAPI:
    """The ASGI factory: `uvicorn --factory ai_platform.processes.gateway:create_app`."""
    settings = service_settings()
    configure_logging(level=settings.log_level, output_format=settings.log_format)
    foundation = connected(settings, service="ai-platform gateway", spans=spans_of(settings, "gateway"))
    llm = build_llm(
        database=foundation.database,
        environment=environment(),
        metrics=foundation.metrics,
        shared=foundation.shared,
        options=llm_options(settings),
    )
    tenancy = tenancy_of(foundation)
    commerce = commerce_of(foundation, tenancy)
    lifespan = _lifespan(foundation, llm, (*tenancy.housekeeping, *commerce.housekeeping), commerce)
    return gateway_app(foundation, llm, tenancy, commerce, draining=draining, lifespan=lifespan)


def gateway_app(
    foundation: Foundation,
    llm: Llm,
    tenancy: Tenancy,
    commerce: Commerce,
    *,
    draining: Callable[[], bool],
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """Every context's router behind one door; not ready any more once it drains."""
    settings, database, metrics = foundation.settings, foundation.database, foundation.metrics
    key = settings.ai_platform_admin_key
    platform_key = key.get_secret_value() if key else None
    door = Door(mode=settings.auth_mode, platform_key=platform_key, credentials=tenancy.credentials)
    rate = Rate(per_second=settings.rate_limit_per_second, burst=settings.rate_limit_burst)
    jobs = build_jobs_api(
        database=database,
        relay=foundation.relay,
        live=foundation.live,
        llm=llm.api,
        settings=settings,
        metrics=metrics,
        signing=signing_secrets(tenancy, settings),
        draining=draining,
    )
    foundation.idle.append(jobs.idle)
    inbox = build_inbox(database=database, commerce=commerce.api, tenancy=tenancy.api)

    async def ready() -> None:
        refuse_while(draining)
        await schema_is_at(migrations.head(), database.schema_revision)
        await secrets_are_readable(tenancy)

    vitals = Vitals(
        service="gateway",
        version=VERSION,
        checks={"database": database.ping, "queue": foundation.bus.ping, "cache": foundation.cache.ping},
        ready=ready,
    )
    operations = operations_router(vitals, metrics, door, settings.metrics_token)
    names = [spec.name for spec in queues(settings)]
    desk = [queues_router(foundation.bus, foundation.desk, names), dead_letters_router(foundation.desk)]
    return build_app(
        version=VERSION,
        routers=[
            *jobs.routers,
            *llm.routers,
            *tenancy.routers(door),
            *commerce.routers,
            *inbox.routers,
            *desk,
            operations,
        ],
        door=door,
        limits=RateLimits(buckets_of(foundation), rate),
        metrics=metrics,
        spans=foundation.spans,
        body_limits={**jobs.body_limits, **commerce.body_limits},
        below=commerce.below,
        lifespan=lifespan,
    )


def gauges_of(foundation: Foundation) -> Periodic:
    """How much waits: in the outbox, in the queues and for the operator."""
    names = [spec.name for spec in queues(foundation.settings)]

    async def measure() -> None:
        foundation.metrics.outbox_pending.set(await foundation.outbox.pending())
        waiting = await foundation.desk.waiting()
        for queue in {*names, *waiting}:
            foundation.metrics.dead_letters.labels(queue).set(waiting.get(queue, 0))
        for queue in names:
            foundation.metrics.queue_depth.labels(queue).set((await foundation.bus.depth(queue)).ready)

    return Periodic("gauges", measure, seconds=GAUGES_EVERY)


def refuse_unsafe(settings: Settings, host: str) -> None:
    """Raises WrongUse for a combination that would let strangers in, or nobody."""
    if settings.auth_mode == "open" and not is_loopback(host):
        raise WrongUse(f"AUTH_MODE=open serves loopback only and --host is {host}; set AUTH_MODE=required.")
    if settings.auth_mode == "required" and settings.ai_platform_admin_key is None:
        raise WrongUse("AI_PLATFORM_ADMIN_KEY is not set, so nobody could come in; `ai-platform init` makes one.")


def _lifespan(foundation: Foundation, llm: Llm, housekeeping: Sequence[Periodic], commerce: Commerce) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        repeated = (gauges_of(foundation), *housekeeping)
        foundation.relay.start()
        for one in repeated:
            one.start()
        try:
            yield
        finally:
            for one in repeated:
                await one.stop()
            await commerce.close()
            await llm.close()
            await foundation.close()

    return lifespan


async def serve(host: str, port: int) -> None:
    settings = service_settings()
    refuse_unsafe(settings, host)
    await refuse_lost_secrets(settings)
    with stop_signals() as stop:
        app = create_app(stop.is_set)
        await serve_until(server_for(app, grace=settings.shutdown_grace_seconds), bind(host, port), stop)


def main(host: str = "127.0.0.1", port: int = 8000) -> None:
    run(serve(host, port))


if __name__ == "__main__":
    main()
