"""What every process stands on: the database, the bus, the cache, the live stream, and the relay."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy.exc import ArgumentError

from ai_platform.processes.lifecycle import WrongUse
from ai_platform.runtime.bus import Bus, QueueSpec
from ai_platform.runtime.bus_amqp import AmqpBus
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.cache import Cache, MemoryCache, RedisCache
from ai_platform.runtime.db import Database, PoolOptions
from ai_platform.runtime.live import LiveStream, MemoryLiveStream
from ai_platform.runtime.live_redis import RedisLiveStream
from ai_platform.runtime.outbox import Outbox
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.settings import Settings
from ai_platform.runtime.telemetry import Metrics

CLOSE_SECONDS: Final = 5.0
"""For each of the five to close."""

VERSION = version("ai-platform")

_ADDRESSES: Final = {
    "DATABASE_URL": "postgresql://user:password@host:5432/database",
    "RABBITMQ_URL": "amqp://user:password@host:5672/",
    "REDIS_URL": "redis://host:6379/0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    settings: Settings
    metrics: Metrics
    database: Database
    bus: Bus
    cache: Cache
    live: LiveStream
    outbox: Outbox
    relay: Relay

    async def close(self) -> None:
        """In the order of the flow: publish what is written, then let go of bus, live stream, cache and database.

        What hangs is left: the rows and the messages are where they are safe.
        """
        for close in (self.relay.stop, self.bus.close, self.live.close, self.cache.close, self.database.close):
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await close()


def connected(settings: Settings, *, service: str) -> Foundation:
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
        live = RedisLiveStream(settings.redis_url.get_secret_value())
    return _found(settings, database, bus, cache=cache, live=live)


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


def embedded(settings: Settings, database_url: str) -> Foundation:
    """On one PostgreSQL alone, for `dev`."""
    database = Database(database_url, pool_options(settings, "ai-platform dev"))
    bus = EmbeddedBus(database, queues(settings))
    return _found(settings, database, bus, cache=MemoryCache(), live=MemoryLiveStream())


def queues(settings: Settings) -> tuple[QueueSpec, ...]:
    """The topology: every queue of the platform, with the facts bound to it."""
    return (QueueSpec(name=settings.rabbitmq_task_queue, delivery_limit=settings.rabbitmq_delivery_limit),)


def pool_options(settings: Settings, name: str) -> PoolOptions:
    return PoolOptions(
        size=settings.database_pool_size,
        overflow=settings.database_max_overflow,
        recycle=settings.database_pool_recycle,
        statement_cache=settings.database_statement_cache,
        statement_timeout=settings.database_statement_timeout,
        application_name=name,
    )


def _found(settings: Settings, database: Database, bus: Bus, *, cache: Cache, live: LiveStream) -> Foundation:
    outbox = Outbox(database)
    return Foundation(
        settings=settings,
        metrics=Metrics(),
        database=database,
        bus=bus,
        cache=cache,
        live=live,
        outbox=outbox,
        relay=Relay(outbox, bus),
    )
