"""What every process stands on: the database, the bus, the cache, the live stream, and the relay."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

from redis.asyncio import Redis
from sqlalchemy.exc import ArgumentError

from ai_platform.processes.lifecycle import WrongUse
from ai_platform.runtime.bus import Bus, QueueSpec
from ai_platform.runtime.bus_amqp import AmqpBus
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.cache import Cache, MemoryCache, RedisCache, shared_state
from ai_platform.runtime.db import Database
from ai_platform.runtime.db_pool import PoolOptions
from ai_platform.runtime.dead_letter_desk import DeadLetterDesk
from ai_platform.runtime.express import Express, MemoryExpress
from ai_platform.runtime.express_redis import RedisExpress
from ai_platform.runtime.live import LiveStream, MemoryLiveStream
from ai_platform.runtime.live_redis import RedisLiveStream
from ai_platform.runtime.outbox import Outbox
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.settings import Settings
from ai_platform.runtime.spans import NO_SPANS, Spans
from ai_platform.runtime.telemetry import Metrics

CLOSE_SECONDS: Final = 5.0
"""For each part to close."""

Close = Callable[[], Awaitable[None]]

VERSION = version("ai-platform")

_ADDRESSES: Final = {
    "DATABASE_URL": "postgresql://user:password@host:5432/database",
    "RABBITMQ_URL": "amqp://user:password@host:5672/",
    "REDIS_URL": "redis://host:6379/0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """`webhooks_due` is set after a commit that wrote webhooks; this process's sender then looks at once."""

    settings: Settings
    metrics: Metrics
    database: Database
    bus: Bus
    cache: Cache
    live: LiveStream
    express: Express
    outbox: Outbox
    relay: Relay
    desk: DeadLetterDesk
    webhooks_due: asyncio.Event
    spans: Spans
    shared: Redis | None = None
    """What the workers share; None where one process is all of them."""
    idle: list[Close] = field(default_factory=list)
    """What contexts have under way in the database, to be awaited before it is let go."""

    async def close(self) -> None:
        """In the order of the flow: publish what is written, then let go of bus, live stream, cache and database.

        What hangs is left: the rows and the messages are where they are safe.
        """
        parts: list[Close] = [*self.idle, self.relay.stop, self.bus.close, self.express.close, self.live.close]
        parts += [self.cache.close, self.database.close, partial(flushed, self.spans)]
        for close in parts:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await close()
        if self.shared is not None:
            await self.shared.aclose(close_connection_pool=True)


def spans_of(settings: Settings, service: str) -> Spans:
    """Exported where the operator says, else none; OpenTelemetry is loaded only to export."""
    if settings.otel_exporter_otlp_endpoint is None:
        return NO_SPANS
    from ai_platform.runtime.spans_otlp import otlp_spans  # noqa: PLC0415 - half a second that most processes save

    return otlp_spans(settings.otel_exporter_otlp_endpoint, service=f"ai-platform-{service}", version=VERSION)


def connected(settings: Settings, *, service: str, spans: Spans = NO_SPANS) -> Foundation:
    """On the services that the settings name. Nothing is contacted yet; a service that is away is waited for."""
    assert settings.database_url is not None  # noqa: S101 - checked by `service_settings`
    assert settings.rabbitmq_url is not None  # noqa: S101
    assert settings.redis_url is not None  # noqa: S101
    with readable("DATABASE_URL"):
        database = Database(settings.database_url.get_secret_value(), pool_options(settings, service))
    with readable("RABBITMQ_URL"):
        bus = AmqpBus(
            _broker_url(settings.rabbitmq_url.get_secret_value()),
            queues(settings),
            event_exchange=settings.rabbitmq_event_exchange,
        )
    with readable("REDIS_URL"):
        cache = RedisCache(settings.redis_url.get_secret_value())
        shared = shared_state(settings.redis_url.get_secret_value())
        live = RedisLiveStream(settings.redis_url.get_secret_value())
        express = RedisExpress(settings.redis_url.get_secret_value())
    return _found(settings, database, bus=bus, cache=cache, live=live, express=express, spans=spans, shared=shared)


async def flushed(spans: Spans) -> None:
    """In a thread that nobody waits for at exit: a collector that hangs would hold the process."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def flush() -> None:
        spans.close()
        with suppress(RuntimeError):  # the loop may be gone by then
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=flush, name="spans-flush", daemon=True).start()
    await done.wait()


@contextmanager
def readable(variable: str) -> Iterator[None]:
    """Raises WrongUse for an address that nothing can be made of. It may hold a password, so it is not shown."""
    try:
        yield
    except (ValueError, ArgumentError):
        raise WrongUse(f"{variable} is no address; it looks like {_ADDRESSES[variable]}") from None


def _broker_url(url: str) -> str:
    """aio-pika looks at it only when it connects, and then fails as if the broker were at fault."""
    parts = urlsplit(url)
    if parts.scheme not in ("amqp", "amqps") or not parts.hostname or parts.port == 0:
        raise ValueError
    return url


def embedded(settings: Settings, database_url: str, spans: Spans = NO_SPANS) -> Foundation:
    """On one PostgreSQL alone, for `dev`."""
    database = Database(database_url, pool_options(settings, "ai-platform dev"))
    bus = EmbeddedBus(database, queues(settings))
    return _found(
        settings,
        database,
        bus=bus,
        cache=MemoryCache(),
        live=MemoryLiveStream(),
        express=MemoryExpress(),
        spans=spans,
        shared=None,
    )


def queues(settings: Settings) -> tuple[QueueSpec, ...]:
    """The topology: every queue of the platform, with the facts bound to it."""
    names = (settings.rabbitmq_task_queue, settings.rabbitmq_crm_queue)
    return tuple(QueueSpec(name=name, delivery_limit=settings.rabbitmq_delivery_limit) for name in names)


def pool_options(settings: Settings, name: str) -> PoolOptions:
    return PoolOptions(
        size=settings.database_pool_size,
        overflow=settings.database_max_overflow,
        recycle=settings.database_pool_recycle,
        statement_cache=settings.database_statement_cache,
        statement_timeout=settings.database_statement_timeout,
        application_name=name,
    )


def _found(
    settings: Settings,
    database: Database,
    *,
    bus: Bus,
    cache: Cache,
    live: LiveStream,
    express: Express,
    spans: Spans,
    shared: Redis | None,
) -> Foundation:
    outbox = Outbox(database)
    relay = Relay(outbox, bus, express)
    return Foundation(
        settings=settings,
        metrics=Metrics(),
        database=database,
        bus=bus,
        cache=cache,
        live=live,
        express=express,
        outbox=outbox,
        relay=relay,
        desk=DeadLetterDesk(database, relay),
        webhooks_due=asyncio.Event(),
        spans=spans,
        shared=shared,
    )
