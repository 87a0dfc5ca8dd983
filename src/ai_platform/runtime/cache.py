"""The cache port: what it holds may be lost at any time, and the system recovers by itself."""

import asyncio
import time
from typing import Protocol

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ai_platform.kernel.errors import Unavailable


class Cache(Protocol):
    """Byte values that live for `seconds`. Every method raises Unavailable when the cache is away."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, *, seconds: float) -> None: ...

    async def delete(self, key: str) -> None: ...

    async def ping(self) -> None: ...

    async def close(self) -> None: ...


class RedisCache:
    """Redis behind a pool that makes callers wait for a connection instead of refusing them."""

    def __init__(self, url: str, *, connections: int = 50) -> None:
        pool = redis.BlockingConnectionPool.from_url(
            url, max_connections=connections, timeout=2, socket_timeout=2, socket_connect_timeout=2
        )
        self._redis = redis.Redis(connection_pool=pool)

    @property
    def client(self) -> "redis.Redis":
        """For what needs more of Redis than a cache: scripts that count."""
        return self._redis

    async def get(self, key: str) -> bytes | None:
        try:
            value = await self._redis.get(key)
        except (RedisError, OSError, TimeoutError) as error:
            raise _unavailable() from error
        return value.encode() if isinstance(value, str) else value

    async def put(self, key: str, value: bytes, *, seconds: float) -> None:
        try:
            await self._redis.set(key, value, px=max(1, round(seconds * 1000)))
        except (RedisError, OSError, TimeoutError) as error:
            raise _unavailable() from error

    async def delete(self, key: str) -> None:
        try:
            await self._redis.delete(key)
        except (RedisError, OSError, TimeoutError) as error:
            raise _unavailable() from error

    async def ping(self) -> None:
        try:
            async with asyncio.timeout(2):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError) as error:
            raise _unavailable() from error

    async def close(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()


def shared_state(url: str, *, connections: int = 4) -> redis.Redis:
    """A client for state that all processes share and change by scripts. It tries once and waits for nobody long."""
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=1,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
    )
    return redis.Redis(connection_pool=pool)


class MemoryCache:
    """The same in one process, bounded to `most` entries; the oldest goes first."""

    def __init__(self, *, most: int = 10_000) -> None:
        self._most = most
        self._entries: dict[str, tuple[float, bytes]] = {}

    async def get(self, key: str) -> bytes | None:
        expires, value = self._entries.get(key, (0.0, b""))
        if time.monotonic() < expires:
            return value
        self._entries.pop(key, None)
        return None

    async def put(self, key: str, value: bytes, *, seconds: float) -> None:
        self._entries.pop(key, None)
        self._entries[key] = (time.monotonic() + seconds, value)
        if len(self._entries) > self._most:
            self._entries.pop(next(iter(self._entries)))

    async def delete(self, key: str) -> None:
        self._entries.pop(key, None)

    async def ping(self) -> None:
        return None

    async def close(self) -> None:
        self._entries.clear()


def _unavailable() -> Unavailable:
    return Unavailable("The cache cannot be reached.", code="cache_unavailable")
