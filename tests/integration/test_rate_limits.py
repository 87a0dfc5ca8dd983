"""The rate limits on a real Redis: shared by processes, and no reason to wait when it is away."""

import time
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.cache import RedisCache
from ai_platform.runtime.rate_limits import LocalBuckets, RedisBuckets, SteadyBuckets
from tests.unit.runtime.rate_suite import SLOW, BucketsSuite


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[RedisCache]:
    cache = RedisCache(redis_url)
    yield cache
    await cache.close()


class TestRedisBuckets(BucketsSuite):
    @pytest.fixture
    def buckets(self, cache: RedisCache) -> RedisBuckets:
        return RedisBuckets(cache.client)

    async def test_two_processes_count_together(self, buckets: RedisBuckets, redis_url: str) -> None:
        other = redis.Redis.from_url(redis_url)
        for one in (buckets, RedisBuckets(other)) * 2:
            assert (await one.take("a", SLOW)).allowed
        assert (await buckets.take("a", SLOW)).allowed
        assert not (await RedisBuckets(other).take("a", SLOW)).allowed
        await other.aclose()

    async def test_what_is_forgotten_was_not_needed_any_more(self, buckets: RedisBuckets, cache: RedisCache) -> None:
        await buckets.take("a", SLOW)
        assert 9_000 < await cache.client.pttl("rate:a") <= 10_100


async def test_a_redis_that_is_away_costs_little_and_refuses_nobody() -> None:
    cache = RedisCache("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable):
        await RedisBuckets(cache.client).take("a", SLOW)
    steady = SteadyBuckets(RedisBuckets(cache.client), LocalBuckets())
    began = time.monotonic()
    assert [(await steady.take("a", SLOW)).allowed for _ in range(6)] == [True] * 5 + [False]
    assert time.monotonic() - began < 1.0
    await cache.close()
