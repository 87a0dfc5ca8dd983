"""An attempt that is interrupted costs the job nothing, and one whose claim is lost writes nothing."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ai_platform.jobs.domain.job import Job, JobStatus
from tests.support import eventually
from tests.unit.jobs.attempts import SILENCE, runs
from tests.unit.jobs.builders import NOON
from tests.unit.jobs.fake_claims import FakeClaims
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.fakes import FakeLlm
from tests.unit.jobs.job_store import accepted, seen


async def interrupted(task: asyncio.Task[bool]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_attempt_that_is_interrupted_is_handed_back_unspent() -> None:
    store, llm = FakeJobStore(), FakeLlm(SILENCE)
    job = await accepted(store, max_retries=0)
    task = asyncio.create_task(runs(store, llm)())
    await eventually(lambda: llm.thinking)
    await interrupted(task)
    view = await seen(store, job)
    assert (view.status, view.retry_count, view.next_retry_at) == (JobStatus.RETRYING, 0, NOON)
    assert view.error is None
    await store.claims.offer_due_retries()
    assert await runs(store, FakeLlm())()
    assert (await seen(store, job)).status is JobStatus.COMPLETED


async def test_an_attempt_whose_claim_is_lost_writes_nothing() -> None:
    store, llm = FakeJobStore(), FakeLlm(SILENCE)
    job = await accepted(store)
    task = asyncio.create_task(runs(store, llm)())
    await eventually(lambda: llm.thinking)
    before, sent = await seen(store, job), await store.sent()
    await store.take_away(job)
    assert await task
    assert await seen(store, job) == before
    assert await store.sent() == sent


@dataclass
class SlowClaims(FakeClaims):
    """A claim is under way until `answer` is set."""

    answer: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: bool = False

    async def next(self) -> Job | None:
        self.under_way = True
        await self.answer.wait()
        return await super().next()


async def test_a_claim_that_is_under_way_when_the_call_is_interrupted_is_handed_back_unspent() -> None:
    store, llm = FakeJobStore(), FakeLlm()
    job, claims = await accepted(store, max_retries=0), SlowClaims(store)
    task = asyncio.create_task(runs(store, llm, claims=claims)())
    await eventually(lambda: claims.under_way)
    task.cancel()
    claims.answer.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    view = await seen(store, job)
    assert (view.status, view.retry_count, view.next_retry_at) == (JobStatus.RETRYING, 0, NOON)
    assert llm.asked == []


async def test_a_claim_that_finds_nothing_can_be_interrupted() -> None:
    store = FakeJobStore()
    claims = SlowClaims(store)
    task = asyncio.create_task(runs(store, FakeLlm(), claims=claims)())
    await eventually(lambda: claims.under_way)
    claims.answer.set()
    await interrupted(task)
