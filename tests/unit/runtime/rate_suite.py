"""What every kind of buckets must do; run on memory here and on Redis in the integration tests."""

import asyncio

from ai_platform.runtime.rate_limits import Buckets, Rate

SLOW = Rate(per_second=0.1, burst=5)


class BucketsSuite:
    """`buckets` is a fixture of the class that runs it."""

    async def test_a_burst_may_come_at_once_and_one_more_may_not(self, buckets: Buckets) -> None:
        taken = [await buckets.take("a", SLOW) for _ in range(6)]
        assert [one.allowed for one in taken] == [True] * 5 + [False]
        assert [SLOW.remaining(one.ahead) for one in taken[:5]] == [4, 3, 2, 1, 0]
        assert 9 < taken[-1].wait <= 10
        assert 49 < taken[-1].ahead <= 50

    async def test_a_refused_request_is_not_counted(self, buckets: Buckets) -> None:
        for _ in range(20):
            last = await buckets.take("a", SLOW)
        assert last.wait <= 10

    async def test_each_name_has_its_own(self, buckets: Buckets) -> None:
        for _ in range(5):
            await buckets.take("a", SLOW)
        assert not (await buckets.take("a", SLOW)).allowed
        assert (await buckets.take("b", SLOW)).allowed

    async def test_of_many_at_once_exactly_a_burst_gets_through(self, buckets: Buckets) -> None:
        taken = await asyncio.gather(*(buckets.take("a", SLOW) for _ in range(50)))
        assert sum(one.allowed for one in taken) == 5
