"""The gateway: all HTTP. Accepts work into PostgreSQL and relays it to the bus."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from ai_platform.jobs.wiring import build_jobs_api
from ai_platform.llm.wiring import Llm, LlmOptions, build_llm
from ai_platform.processes.foundation import VERSION, Foundation, connected
from ai_platform.processes.lifecycle import WrongUse, environment, run, service_settings, stop_signals
from ai_platform.processes.server import bind, serve_until, server_for
from ai_platform.runtime import migrations
from ai_platform.runtime.auth import Door, is_loopback
from ai_platform.runtime.health import Vitals, operations_router, refuse_while, schema_is_at
from ai_platform.runtime.http import Lifespan, build_app
from ai_platform.runtime.logging import configure_logging
from ai_platform.runtime.periodic import Periodic
from ai_platform.runtime.settings import Settings

GAUGES_EVERY = 5.0


def create_app(draining: Callable[[], bool] = lambda: False) -> FastAPI:
    """The ASGI factory: `uvicorn --factory ai_platform.processes.gateway:create_app`."""
    settings = service_settings()
    configure_logging(level=settings.log_level, output_format=settings.log_format)
    foundation = connected(settings, service="ai-platform gateway")
    options = LlmOptions(default_timeout=settings.llm_default_timeout_seconds)
    llm = build_llm(
        database=foundation.database, environment=environment(), metrics=foundation.metrics, options=options
    )
    return gateway_app(foundation, llm, draining=draining, lifespan=_lifespan(foundation))


def gateway_app(
    foundation: Foundation, llm: Llm, *, draining: Callable[[], bool], lifespan: Lifespan | None = None
) -> FastAPI:
    """Every context's router behind one door; not ready any more once it drains."""
    settings, database, metrics = foundation.settings, foundation.database, foundation.metrics
    key = settings.ai_platform_admin_key
    door = Door(mode=settings.auth_mode, platform_key=key.get_secret_value() if key else None)
    jobs = build_jobs_api(database=database, relay=foundation.relay, llm=llm.api, settings=settings, metrics=metrics)

    async def ready() -> None:
        refuse_while(draining)
        await schema_is_at(migrations.head(), database.schema_revision)

    vitals = Vitals(
        service="gateway",
        version=VERSION,
        checks={"database": database.ping, "queue": foundation.bus.ping, "cache": foundation.cache.ping},
        ready=ready,
    )
    operations = operations_router(vitals, metrics, door, settings.metrics_token)
    return build_app(
        version=VERSION, routers=[jobs.router, *llm.routers, operations], door=door, metrics=metrics, lifespan=lifespan
    )


def gauges_of(foundation: Foundation) -> Periodic:
    """How much waits: in the outbox and in the queue."""

    async def measure() -> None:
        queue = foundation.settings.rabbitmq_task_queue
        foundation.metrics.outbox_pending.set(await foundation.outbox.pending())
        foundation.metrics.queue_depth.labels(queue).set((await foundation.bus.depth(queue)).ready)

    return Periodic("gauges", measure, seconds=GAUGES_EVERY)


def refuse_unsafe(settings: Settings, host: str) -> None:
    """Raises WrongUse for a combination that would let strangers in, or nobody."""
    if settings.auth_mode == "open" and not is_loopback(host):
        raise WrongUse(f"AUTH_MODE=open serves loopback only and --host is {host}; set AUTH_MODE=required.")
    if settings.auth_mode == "required" and settings.ai_platform_admin_key is None:
        raise WrongUse("AI_PLATFORM_ADMIN_KEY is not set, so nobody could come in; `ai-platform init` makes one.")


def _lifespan(foundation: Foundation) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gauges = gauges_of(foundation)
        foundation.relay.start()
        gauges.start()
        try:
            yield
        finally:
            await gauges.stop()
            await foundation.close()

    return lifespan


async def serve(host: str, port: int) -> None:
    settings = service_settings()
    refuse_unsafe(settings, host)
    with stop_signals() as stop:
        app = create_app(stop.is_set)
        await serve_until(server_for(app, grace=settings.shutdown_grace_seconds), bind(host, port), stop)


def main(host: str = "127.0.0.1", port: int = 8000) -> None:
    run(serve(host, port))


if __name__ == "__main__":
    main()
