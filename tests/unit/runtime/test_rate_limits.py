"""How often a caller may ask, and what he is told."""

import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role
from ai_platform.runtime.rate_limits import LocalBuckets, Rate, RateLimits, SteadyBuckets, Taken
from tests.unit.runtime.rate_suite import SLOW, BucketsSuite

OWNER = Principal("key-1", Role.OWNER, DEFAULT_TENANT)


class Watch:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


class AwayBuckets:
    """Answers when `back`; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.back = False

    async def take(self, name: str, rate: Rate) -> Taken:
        del name, rate
        self.asked += 1
        if not self.back:
            raise Unavailable("away")
        return Taken(True, 0.5, 0.0)


class TestLocalBuckets(BucketsSuite):
    @pytest.fixture
    def buckets(self) -> LocalBuckets:
        return LocalBuckets()


async def test_the_sustained_rate_is_kept_to_the_request() -> None:
    watch = Watch()
    buckets, rate = LocalBuckets(watch), Rate(per_second=50, burst=500)
    allowed = 0
    for step in range(4000):  # 400 a second for ten seconds
        watch.time = 1000 + step / 400
        allowed += (await buckets.take("a", rate)).allowed
    assert allowed == pytest.approx(500 + 50 * 10, abs=1)


async def test_what_is_waited_for_is_enough() -> None:
    watch = Watch()
    buckets = LocalBuckets(watch)
    for _ in range(5):
        await buckets.take("a", SLOW)
    watch.time += (await buckets.take("a", SLOW)).wait
    assert (await buckets.take("a", SLOW)).allowed


async def test_only_the_callers_that_came_last_are_remembered() -> None:
    buckets = LocalBuckets(most=10)
    for number in range(100):
        await buckets.take(str(number), SLOW)
    assert len(buckets._due) == 10


async def test_while_the_shared_buckets_are_away_each_process_counts_for_itself() -> None:
    watch, shared = Watch(), AwayBuckets()
    buckets = SteadyBuckets(shared, LocalBuckets(watch), watch)
    assert [(await buckets.take("a", SLOW)).allowed for _ in range(6)] == [True] * 5 + [False]
    assert shared.asked == 1
    shared.back = True
    watch.time += 1.0
    assert await buckets.take("a", SLOW) == Taken(True, 0.5, 0.0)


async def test_a_limited_caller_is_told_what_is_left() -> None:
    limits = RateLimits(LocalBuckets(Watch()), Rate(per_second=50, burst=500))
    admission = await limits.admit(OWNER)
    assert admission.refusal is None
    assert dict(admission.headers) == {
        b"ratelimit-policy": b'"default";q=500;w=10',
        b"ratelimit": b'"default";r=499;t=1',
    }


async def test_a_refused_caller_is_told_when_to_come_back() -> None:
    limits = RateLimits(LocalBuckets(Watch()), SLOW)
    for _ in range(5):
        await limits.admit(OWNER)
    refused = await limits.admit(OWNER)
    assert refused.refusal is not None
    assert refused.refusal.stable_code == "rate_limited"
    assert refused.refusal.retry_after == pytest.approx(10)
    assert dict(refused.headers)[b"ratelimit"] == b'"default";r=0;t=50'


async def test_the_platforms_callers_are_not_limited() -> None:
    limits = RateLimits(LocalBuckets(Watch()), SLOW)
    for _ in range(20):
        admission = await limits.admit(Principal("anonymous", Role.PLATFORM, DEFAULT_TENANT))
        assert (admission.headers, admission.refusal) == ((), None)
