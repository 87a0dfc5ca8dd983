"""The worker: how many jobs at a time, what a wake-up means, and how it leaves."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from ai_platform.jobs.application import wake_ups
from ai_platform.jobs.application.offer_due_retries import OfferDueRetries
from ai_platform.jobs.application.recover_lost_jobs import SWEEP, RecoverLostJobs
from ai_platform.jobs.application.replay_job import ReplayJob
from ai_platform.jobs.application.run_next_job import RunNextJob
from ai_platform.jobs.domain.job import JobStatus
from ai_platform.jobs.interface.worker import HAND_BACK_SECONDS, JobWorker
from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.runtime.bus import Message
from tests.support import eventually
from tests.unit.jobs.builders import POLICY
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.fakes import FakeLlm, FakeProgress
from tests.unit.jobs.job_store import LEASE, accepted, claimed, failed, retry

AT_ONCE = HAND_BACK_SECONDS
"""A grace that leaves no time but that for handing back."""

LONG = 600.0
WAKE_UP = Message(id=new_id(), type=wake_ups.WAKE_UP, body={})
RETRY_DUE = Message(id=new_id(), type=wake_ups.RETRY_DUE, body={})


def a_worker(store: FakeJobStore, llm: FakeLlm, *, concurrency: int = 3) -> JobWorker:
    run_next = RunNextJob(store.claims, FakeProgress(), llm, store.clock, POLICY, lambda: 0.5)
    recover = RecoverLostJobs(store.lost_jobs, store.clock)
    replay = ReplayJob(store.known_jobs, store.clock)
    return JobWorker(run_next, OfferDueRetries(store.claims), recover, replay, concurrency=concurrency, lease=5.0)


async def a_store_with(jobs: int) -> FakeJobStore:
    store = FakeJobStore()
    for _ in range(jobs):
        await accepted(store, max_retries=0)
    return store


def statuses(store: FakeJobStore) -> list[JobStatus]:
    return [row.job.status for row in store.rows.values()]


def settled(*work: Coroutine[Any, Any, None]) -> "asyncio.Future[list[BaseException | None]]":
    return asyncio.gather(*work, return_exceptions=True)


async def everything_else() -> None:
    """Every task that can go on without anybody's help has done so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_wake_up_is_done_when_its_job_is() -> None:
    store = await a_store_with(1)
    await a_worker(store, FakeLlm()).on_wake_up(WAKE_UP)
    assert statuses(store) == [JobStatus.COMPLETED]


async def test_a_wake_up_for_nothing_is_done_at_once() -> None:
    await a_worker(FakeJobStore(), FakeLlm()).on_wake_up(WAKE_UP)


async def test_a_retry_that_is_due_runs_when_its_message_comes() -> None:
    store, llm = FakeJobStore(), FakeLlm(None)
    await accepted(store)
    worker = a_worker(store, llm)
    interrupted = asyncio.create_task(worker.on_wake_up(WAKE_UP))
    await eventually(lambda: llm.thinking == 1)
    interrupted.cancel()
    await asyncio.wait([interrupted])
    await worker.on_wake_up(WAKE_UP)
    assert statuses(store) == [JobStatus.RETRYING]
    llm.thought_of.set()
    await worker.on_wake_up(RETRY_DUE)
    assert statuses(store) == [JobStatus.COMPLETED]


async def test_the_poll_finds_retries_whose_message_was_lost() -> None:
    store = FakeJobStore()
    await accepted(store, max_retries=1)
    retry(job := await claimed(store), store)
    await store.claims.settle(job)
    worker = a_worker(store, FakeLlm())
    await worker.poll()
    await everything_else()
    assert statuses(store) == [JobStatus.RETRYING]
    store.clock.passes(31)
    await worker.poll()
    await eventually(lambda: statuses(store) == [JobStatus.COMPLETED])


async def test_a_wake_up_tells_what_went_wrong() -> None:
    store = await a_store_with(1)
    with pytest.raises(Unavailable):
        await a_worker(store, FakeLlm(Unavailable("The database is away."))).on_wake_up(WAKE_UP)


async def test_no_more_jobs_than_allowed_run_at_a_time() -> None:
    store, llm = await a_store_with(5), FakeLlm(None)
    worker = a_worker(store, llm, concurrency=3)
    wake_ups = settled(*(worker.on_wake_up(WAKE_UP) for _ in range(5)))
    await eventually(lambda: llm.thinking == 3)
    await worker.poll()
    await everything_else()
    assert (llm.thinking, len(llm.asked)) == (3, 3)
    llm.thought_of.set()
    await wake_ups
    assert statuses(store) == [JobStatus.COMPLETED] * 5


async def test_the_poll_finds_jobs_without_a_wake_up() -> None:
    store = await a_store_with(2)
    await a_worker(store, FakeLlm()).poll()
    await eventually(lambda: statuses(store) == [JobStatus.COMPLETED] * 2)


async def test_the_poll_takes_free_slots_only() -> None:
    store, llm = await a_store_with(6), FakeLlm(None)
    worker = a_worker(store, llm, concurrency=3)
    wake_up = settled(worker.on_wake_up(WAKE_UP))
    await eventually(lambda: llm.thinking == 1)
    await worker.poll()
    await eventually(lambda: llm.thinking == 3)
    await worker.poll()
    await worker.poll()
    await everything_else()
    llm.thought_of.set()
    await wake_up
    await everything_else()
    assert statuses(store).count(JobStatus.COMPLETED) == 3
    assert statuses(store).count(JobStatus.QUEUED) == 3


async def test_a_slot_is_free_again_after_its_job_whatever_became_of_it() -> None:
    store, llm = await a_store_with(1), FakeLlm(ZeroDivisionError())
    worker = a_worker(store, llm, concurrency=1)
    with pytest.raises(ZeroDivisionError):
        await worker.on_wake_up(WAKE_UP)
    await accepted(store)
    llm.says = None
    llm.thought_of.set()
    await worker.poll()
    await eventually(lambda: statuses(store)[-1] is JobStatus.COMPLETED)


async def test_a_polled_job_that_breaks_does_not_break_the_poll() -> None:
    store = await a_store_with(1)
    await a_worker(store, FakeLlm(ZeroDivisionError())).poll()
    await eventually(lambda: statuses(store) == [JobStatus.FAILED])


async def test_a_sweep_goes_on_until_nothing_lost_is_left() -> None:
    store = await a_store_with(2 * SWEEP + 1)
    for _ in store.rows:
        await claimed(store)
    store.clock.passes(LEASE + 1)
    await a_worker(store, FakeLlm()).sweep()
    assert statuses(store) == [JobStatus.FAILED] * (2 * SWEEP + 1)


async def test_a_drain_lets_running_jobs_finish() -> None:
    store, llm = await a_store_with(2), FakeLlm(None)
    worker = a_worker(store, llm)
    wake_ups = settled(worker.on_wake_up(WAKE_UP), worker.on_wake_up(WAKE_UP))
    await eventually(lambda: llm.thinking == 2)
    drain = asyncio.create_task(worker.drain(LONG))
    await everything_else()
    assert not drain.done()
    llm.thought_of.set()
    await drain
    assert statuses(store) == [JobStatus.COMPLETED] * 2
    assert await wake_ups == [None, None]


async def test_a_drain_hands_back_what_is_not_done_in_time() -> None:
    store, llm = await a_store_with(2), FakeLlm(None)
    worker = a_worker(store, llm)
    wake_up = settled(worker.on_wake_up(WAKE_UP))
    await eventually(lambda: llm.thinking == 1)
    await worker.poll()
    await eventually(lambda: llm.thinking == 2)
    await worker.drain(AT_ONCE)
    assert statuses(store) == [JobStatus.RETRYING] * 2
    assert [row.job.retry_count for row in store.rows.values()] == [0, 0]
    assert [type(end) for end in await wake_up] == [asyncio.CancelledError]


async def test_no_job_begins_during_a_drain() -> None:
    store, llm = await a_store_with(4), FakeLlm(None)
    worker = a_worker(store, llm, concurrency=1)
    waiting = settled(worker.on_wake_up(WAKE_UP), worker.on_wake_up(WAKE_UP))
    await eventually(lambda: llm.thinking == 1)
    drain = asyncio.create_task(worker.drain(LONG))
    await everything_else()
    late = settled(worker.on_wake_up(WAKE_UP))
    await worker.poll()
    llm.thought_of.set()
    await drain
    first, second = await waiting
    assert first is None
    assert [type(end) for end in (second, *await late)] == [asyncio.CancelledError] * 2
    assert statuses(store) == [JobStatus.COMPLETED, *[JobStatus.QUEUED] * 3]


async def test_an_idle_worker_has_nothing_to_drain() -> None:
    await a_worker(FakeJobStore(), FakeLlm()).drain(LONG)


async def test_a_wake_up_that_is_interrupted_hands_its_job_back() -> None:
    store, llm = await a_store_with(1), FakeLlm(None)
    worker = a_worker(store, llm)
    wake_up = asyncio.create_task(worker.on_wake_up(WAKE_UP))
    await eventually(lambda: llm.thinking == 1)
    wake_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await wake_up
    assert statuses(store) == [JobStatus.RETRYING]


async def test_a_dead_letter_that_was_put_back_has_its_job_done_again() -> None:
    store = FakeJobStore()
    job = await failed(store)
    replay = Message(id=new_id(), type=wake_ups.REPLAY, body={"job_id": str(job.id)})
    await a_worker(store, FakeLlm()).on_wake_up(replay)
    assert statuses(store) == [JobStatus.COMPLETED]
    await a_worker(store, FakeLlm()).on_wake_up(replay)
    assert [one.type for one in await store.told(job)].count("job.completed") == 1
