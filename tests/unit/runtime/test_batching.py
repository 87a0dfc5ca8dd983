"""Group commit: alone nobody waits, together many share one flush, and a bad one fails alone."""

import asyncio
from collections.abc import Sequence

import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.batching import Batcher, KeyedBatchers
from tests.patience import PATIENCE


class Ledger:
    """Writes numbers; answers each with its double. Flushes wait while the gate is closed."""

    def __init__(self, *, open_gate: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.away = False
        self.gate = asyncio.Event()
        if open_gate:
            self.gate.set()

    async def flush(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        await self.gate.wait()
        if self.away:
            raise Unavailable("The ledger is away.")
        if any(item < 0 for item in items):
            raise ValueError("a ledger has no negative numbers")
        return [item * 2 for item in items]


async def begin(batcher: Batcher[int, int], *items: int) -> list[asyncio.Task[int]]:
    """The calls are under way, in this order."""
    calls = [asyncio.create_task(batcher(item)) for item in items]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return calls


async def test_alone_a_call_waits_for_nobody() -> None:
    ledger = Ledger()
    assert await Batcher(ledger.flush)(21) == 42
    assert ledger.batches == [[21]]


async def test_one_call_after_another_is_served() -> None:
    ledger = Ledger()
    batcher = Batcher(ledger.flush)
    async with asyncio.timeout(PATIENCE):
        assert [await batcher(number) for number in range(50)] == [number * 2 for number in range(50)]


async def test_what_arrives_while_a_batch_is_under_way_becomes_the_next() -> None:
    ledger = Ledger(open_gate=False)
    batcher = Batcher(ledger.flush)
    first = await begin(batcher, 1)
    rest = await begin(batcher, 2, 3, 4)
    ledger.gate.set()
    assert await asyncio.gather(*first, *rest) == [2, 4, 6, 8]
    assert ledger.batches == [[1], [2, 3, 4]]


async def test_a_batch_is_no_larger_than_its_limit() -> None:
    ledger = Ledger(open_gate=False)
    batcher = Batcher(ledger.flush, limit=2)
    calls = [*await begin(batcher, 1), *await begin(batcher, 2, 3, 4, 5, 6)]
    ledger.gate.set()
    await asyncio.gather(*calls)
    assert ledger.batches == [[1], [2, 3], [4, 5], [6]]


async def test_as_many_batches_as_allowed_run_at_a_time() -> None:
    ledger = Ledger(open_gate=False)
    batcher = Batcher(ledger.flush, parallel=2)
    calls = [*await begin(batcher, 1), *await begin(batcher, 2), *await begin(batcher, 3, 4)]
    assert ledger.batches == [[1], [2]]
    ledger.gate.set()
    assert await asyncio.gather(*calls) == [2, 4, 6, 8]
    assert ledger.batches == [[1], [2], [3, 4]]


async def test_a_bad_item_fails_alone() -> None:
    ledger = Ledger(open_gate=False)
    batcher = Batcher(ledger.flush)
    calls = [*await begin(batcher, 1), *await begin(batcher, 2, -3, 4)]
    ledger.gate.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [repr(one) for one in results] == ["2", "4", "ValueError('a ledger has no negative numbers')", "8"]


async def test_an_outage_is_told_to_all_and_tried_once() -> None:
    ledger = Ledger(open_gate=False)
    ledger.away = True
    batcher = Batcher(ledger.flush)
    calls = [*await begin(batcher, 1), *await begin(batcher, 2, 3)]
    ledger.gate.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in results] == [Unavailable] * 3
    assert ledger.batches == [[1], [2, 3]]


async def test_after_a_failure_the_next_call_is_served() -> None:
    ledger = Ledger()
    batcher = Batcher(ledger.flush)
    with pytest.raises(ValueError, match="negative"):
        await batcher(-1)
    async with asyncio.timeout(PATIENCE):
        assert await batcher(1) == 2


@pytest.mark.parametrize(
    "cancelled", [0, 1, 2], ids=["in the batch under way", "first of the next", "last of the next"]
)
async def test_a_caller_that_goes_away_takes_nobody_with_it(cancelled: int) -> None:
    ledger = Ledger(open_gate=False)
    batcher = Batcher(ledger.flush)
    calls = [*await begin(batcher, 1), *await begin(batcher, 2, 3)]
    calls[cancelled].cancel()
    ledger.gate.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in results].count(asyncio.CancelledError) == 1
    assert sum(isinstance(one, int) for one in results) == 2


async def test_a_flush_that_does_not_answer_each_item_fails_its_callers_instead_of_leaving_them_waiting() -> None:
    async def answer_nobody(_: Sequence[int]) -> list[int]:
        return []

    with pytest.raises(ValueError, match="zip"):
        async with asyncio.timeout(PATIENCE):
            await Batcher(answer_nobody)(1)


async def test_it_is_idle_when_everything_under_way_is_written_even_for_callers_that_went_away() -> None:
    ledger = Ledger(open_gate=False)
    batcher = Batcher(ledger.flush)
    calls = [*await begin(batcher, 1), *await begin(batcher, 2)]
    for call in calls:
        call.cancel()
    waiting = asyncio.create_task(batcher.idle())
    await asyncio.gather(*calls, return_exceptions=True)
    assert not waiting.done()
    ledger.gate.set()
    async with asyncio.timeout(PATIENCE):
        await waiting
    assert ledger.batches == [[1], [2]]
    await batcher.idle()


async def test_what_is_of_two_keys_is_never_flushed_together() -> None:
    ledger = Ledger()
    batchers = KeyedBatchers[str, int, int](ledger.flush)
    calls = [batchers("a", 1), batchers("b", 2), batchers("a", 3), batchers("b", 4)]
    assert await asyncio.gather(*calls) == [2, 4, 6, 8]
    assert sorted(ledger.batches) == [[1, 3], [2, 4]]


async def test_a_key_with_nothing_under_way_is_forgotten() -> None:
    ledger = Ledger()
    batchers = KeyedBatchers[int, int, int](ledger.flush)
    await asyncio.gather(*(batchers(key, key) for key in range(1000)))
    await batchers.idle()
    assert len(batchers) == 0


async def test_a_key_is_kept_while_it_is_busy() -> None:
    ledger = Ledger(open_gate=False)
    batchers = KeyedBatchers[str, int, int](ledger.flush)
    first = asyncio.create_task(batchers("a", 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(batchers("a", number)) for number in (2, 3)]
    await asyncio.sleep(0)
    assert len(batchers) == 1
    ledger.gate.set()
    assert await asyncio.gather(first, *rest) == [2, 4, 6]
    assert ledger.batches == [[1], [2, 3]]


async def test_a_key_that_failed_is_forgotten_too() -> None:
    batchers = KeyedBatchers[str, int, int](Ledger().flush)
    with pytest.raises(ValueError, match="negative"):
        await batchers("a", -1)
    await batchers.idle()
    assert len(batchers) == 0
    assert await batchers("a", 1) == 2


async def test_idle_waits_for_every_key() -> None:
    ledger = Ledger(open_gate=False)
    batchers = KeyedBatchers[str, int, int](ledger.flush)
    calls = [asyncio.create_task(batchers(key, 1)) for key in "abc"]
    await asyncio.sleep(0)
    idle = asyncio.create_task(batchers.idle())
    await asyncio.sleep(0)
    assert not idle.done()
    ledger.gate.set()
    await idle
    assert all(call.done() for call in calls)
