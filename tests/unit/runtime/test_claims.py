"""A worker keeps what it holds, and lets go of what it has lost."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.runtime.claims import Claim, ClaimLost, Heartbeat, Renew
from tests.support import eventually


class Leases:
    """Renews what is not `lost`."""

    def __init__(self) -> None:
        self.lost: set[Claim] = set()
        self.renewals: list[set[Claim]] = []
        self.trouble: Exception | None = None
        self.threads: set[int] = set()
        self.is_closed = False

    @asynccontextmanager
    async def renewing(self) -> AsyncIterator[Renew]:
        self.threads.add(threading.get_ident())
        yield self.renew
        self.is_closed = True

    async def renew(self, claims: Sequence[Claim]) -> set[Claim]:
        self.renewals.append(set(claims))
        if self.trouble is not None:
            raise self.trouble
        return set(claims) - self.lost


class Work:
    """One piece of work that lasts until it is told to finish."""

    def __init__(self, heartbeat: Heartbeat, claim: Claim) -> None:
        self.finish = asyncio.Event()
        self.went_on_after = False
        self.task = asyncio.create_task(self._run(heartbeat, claim))

    async def _run(self, heartbeat: Heartbeat, claim: Claim) -> str:
        try:
            async with heartbeat.holding(claim):
                await self.finish.wait()
        except ClaimLost:
            await asyncio.sleep(0)  # whoever lost a claim can still await
            self.went_on_after = True
            return "lost"
        return "done"


@pytest.fixture
def leases() -> Leases:
    return Leases()


@pytest.fixture
async def heartbeat(leases: Leases) -> AsyncIterator[Heartbeat]:
    heartbeat = Heartbeat(leases.renewing, seconds=0.005)
    heartbeat.start()
    yield heartbeat
    await heartbeat.stop()


def a_claim() -> Claim:
    return Claim(new_id(), 1)


async def test_all_claims_in_hand_are_renewed_at_once(heartbeat: Heartbeat, leases: Leases) -> None:
    claims = [a_claim() for _ in range(3)]
    works = [Work(heartbeat, claim) for claim in claims]
    await eventually(lambda: leases.renewals.count(set(claims)) >= 2)
    for work in works:
        work.finish.set()
    assert [await work.task for work in works] == ["done"] * 3


async def test_a_claim_that_is_let_go_of_is_renewed_no_more(heartbeat: Heartbeat, leases: Leases) -> None:
    claims = [a_claim() for _ in range(2)]
    first, second = (Work(heartbeat, claim) for claim in claims)
    await eventually(lambda: set(claims) in leases.renewals)
    first.finish.set()
    await first.task
    await eventually(lambda: leases.renewals[-1] == {claims[1]})
    second.finish.set()
    await second.task


async def test_a_lost_claim_interrupts_its_work_and_no_other(heartbeat: Heartbeat, leases: Leases) -> None:
    lost, kept = a_claim(), a_claim()
    losing, keeping = Work(heartbeat, lost), Work(heartbeat, kept)
    leases.lost.add(lost)

    assert await losing.task == "lost"
    assert losing.went_on_after
    keeping.finish.set()
    assert await keeping.task == "done"


async def test_the_next_attempt_of_the_same_work_is_another_claim(heartbeat: Heartbeat, leases: Leases) -> None:
    first = a_claim()
    second = Claim(first.id, 2)
    leases.lost.add(first)
    assert await Work(heartbeat, first).task == "lost"
    again = Work(heartbeat, second)
    await eventually(lambda: leases.renewals[-2:] == [{second}, {second}])
    again.finish.set()
    assert await again.task == "done"


async def test_a_cancellation_from_outside_stays_one(heartbeat: Heartbeat) -> None:
    work = Work(heartbeat, a_claim())
    await asyncio.sleep(0)
    work.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work.task


async def test_a_cancellation_from_outside_counts_more_than_a_lost_claim(heartbeat: Heartbeat, leases: Leases) -> None:
    claim = a_claim()
    tidying, go_on = asyncio.Event(), asyncio.Event()

    async def slow_to_leave() -> None:
        async with heartbeat.holding(claim):
            try:
                await asyncio.Event().wait()
            finally:
                tidying.set()
                await go_on.wait()

    task = asyncio.create_task(slow_to_leave())
    leases.lost.add(claim)
    await tidying.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_timeout_within_the_work_is_not_taken_for_a_lost_claim(heartbeat: Heartbeat) -> None:
    async def with_a_timeout() -> None:
        async with heartbeat.holding(a_claim()), asyncio.timeout(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await with_a_timeout()


@pytest.mark.parametrize("trouble", [Unavailable("The database is away."), RuntimeError("a fault")], ids=repr)
async def test_a_renewal_that_fails_costs_no_claim(heartbeat: Heartbeat, leases: Leases, trouble: Exception) -> None:
    leases.trouble = trouble
    work = Work(heartbeat, a_claim())
    await eventually(lambda: len(leases.renewals) >= 2)
    leases.trouble = None
    seen = len(leases.renewals)
    await eventually(lambda: len(leases.renewals) > seen)
    work.finish.set()
    assert await work.task == "done"


async def test_work_that_keeps_the_event_loop_busy_is_not_lost_for_that(heartbeat: Heartbeat, leases: Leases) -> None:
    work = Work(heartbeat, a_claim())
    await eventually(lambda: len(leases.renewals) >= 1)
    renewed, deadline = len(leases.renewals), time.monotonic() + 10
    while len(leases.renewals) < renewed + 3:  # without letting go of the loop
        assert time.monotonic() < deadline
    work.finish.set()
    assert await work.task == "done"


async def test_the_work_of_a_loop_that_hangs_is_left_to_others(leases: Leases) -> None:
    heartbeat = Heartbeat(leases.renewing, seconds=0.001, patience=0.02)
    with capture_logs() as logs:
        heartbeat.start()
        work = Work(heartbeat, a_claim())
        await eventually(lambda: len(leases.renewals) >= 1)
        logs.clear()
        beats_of_a_hang(logs, 1)  # the thread does one thing after the other: none is under way now
        renewed = len(leases.renewals)
        beats_of_a_hang(logs, 5)
        assert len(leases.renewals) == renewed
        await eventually(lambda: len(leases.renewals) > renewed)  # it moves again
    work.finish.set()
    assert await work.task == "done"
    await heartbeat.stop()


def beats_of_a_hang(logs: Sequence[Mapping[str, object]], number: int) -> None:
    """Keeps the event loop until so many beats found it hanging."""
    deadline = time.monotonic() + 10
    while sum(one["event"] == "event_loop_hangs" for one in list(logs)) < number:
        assert time.monotonic() < deadline


async def test_it_beats_in_one_thread_and_leaves_nothing_open(leases: Leases) -> None:
    heartbeat = Heartbeat(leases.renewing, seconds=0.001)
    heartbeat.start()
    work = Work(heartbeat, a_claim())
    await eventually(lambda: len(leases.renewals) >= 2)
    work.task.cancel()
    await heartbeat.stop()
    assert leases.is_closed
    assert len(leases.threads - {threading.get_ident()}) == 1


async def test_without_a_claim_nothing_is_renewed(heartbeat: Heartbeat, leases: Leases) -> None:
    for _ in range(3):
        seen = len(leases.renewals)
        work = Work(heartbeat, a_claim())
        await eventually(lambda seen: len(leases.renewals) > seen, seen)
        work.finish.set()
        await work.task
    assert set() not in leases.renewals


async def test_a_heartbeat_that_never_began_can_be_stopped(leases: Leases) -> None:
    await Heartbeat(leases.renewing).stop()
