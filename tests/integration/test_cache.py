"""What every cache promises, by one suite for both adapters, and what Redis' death does to it."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.cache import Cache, MemoryCache, RedisCache
from tests.patience import PATIENCE
from tests.services.redis import RedisServer
from tests.services.stack import Services
from tests.support import eventually


@pytest.fixture(params=["Redis", "memory"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    cache = MemoryCache() if request.param == "memory" else RedisCache(request.getfixturevalue("redis_url"))
    yield cache
    await cache.close()


@pytest.fixture(scope="module")
def victim() -> Iterator[RedisServer]:
    """A server of this module's own: to kill the session's would disturb other tests."""
    with Services(private=True) as services:
        yield services.redis


async def test_a_value_is_kept_byte_for_byte(cache: Cache) -> None:
    value = bytes(range(256)) * 1000
    await cache.put("order", value, seconds=60)
    assert await cache.get("order") == value


async def test_an_empty_value_is_a_value(cache: Cache) -> None:
    await cache.put("order", b"", seconds=60)
    assert await cache.get("order") == b""


async def test_an_unknown_key_has_no_value(cache: Cache) -> None:
    assert await cache.get("order") is None


async def test_a_later_value_replaces_the_earlier(cache: Cache) -> None:
    await cache.put("order", b"first", seconds=60)
    await cache.put("order", b"second", seconds=60)
    assert await cache.get("order") == b"second"


async def test_a_deleted_key_has_no_value(cache: Cache) -> None:
    await cache.put("order", b"first", seconds=60)
    await cache.delete("order")
    assert await cache.get("order") is None
    await cache.delete("order")


async def test_a_value_lives_for_its_time_and_then_is_gone(cache: Cache) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await cache.put("short", b"value", seconds=0.3)
    await cache.put("long", b"value", seconds=60)

    async def is_gone() -> bool:
        return await cache.get("short") is None

    await eventually(is_gone)
    assert loop.time() - began >= 0.25
    assert await cache.get("long") == b"value"


async def test_a_later_value_lives_for_its_own_time(cache: Cache) -> None:
    await cache.put("order", b"first", seconds=60)
    await cache.put("order", b"second", seconds=0.05)

    async def is_gone() -> bool:
        return await cache.get("order") is None

    await eventually(is_gone)


async def test_many_callers_at_once_wait_for_a_connection(cache: Cache) -> None:
    await asyncio.gather(*(cache.put(f"key-{number}", b"%d" % number, seconds=60) for number in range(300)))
    values = await asyncio.gather(*(cache.get(f"key-{number}") for number in range(300)))
    assert values == [b"%d" % number for number in range(300)]


async def test_it_answers_a_ping(cache: Cache) -> None:
    await cache.ping()


async def test_memory_lets_the_oldest_go_first() -> None:
    cache = MemoryCache(most=2)
    for key in ("first", "second", "first", "third"):
        await cache.put(key, b"value", seconds=60)
    assert [await cache.get(key) for key in ("first", "second", "third")] == [b"value", None, b"value"]


async def test_a_redis_that_goes_away_is_unavailable_at_once_and_found_again_when_it_is_back(
    victim: RedisServer,
) -> None:
    cache = RedisCache(victim.url)
    await cache.put("order", b"value", seconds=60)
    await asyncio.gather(*(cache.get("order") for _ in range(5)))
    await asyncio.to_thread(victim.kill)
    for call in (cache.get("order"), cache.put("order", b"x", seconds=1), cache.delete("order"), cache.ping()):
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable) as refusal:
                await call
        assert refusal.value.stable_code == "cache_unavailable"

    await asyncio.to_thread(victim.start)
    assert await cache.get("order") == b"value"
    await cache.close()


async def test_a_redis_that_hangs_is_unavailable_within_its_timeout(victim: RedisServer) -> None:
    cache = RedisCache(victim.url)
    await cache.ping()
    victim.freeze()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Unavailable):
            await cache.get("order")
    victim.thaw()
    await cache.ping()
    await cache.close()
