"""What every job store does when somebody decides about a job, and who else is told of its end."""

import asyncio

import pytest

from ai_platform.jobs.application.replay_job import ReplayJob
from ai_platform.jobs.application.wake_ups import WAKE_UP
from ai_platform.jobs.domain.errors import InvalidTransition, JobNotFound
from ai_platform.jobs.domain.job import PARKED_AT_MOST, JobStatus, Priority
from tests.unit.jobs.builders import OTHER_TENANT, a_fault, a_job, a_result
from tests.unit.jobs.job_store import (
    RETRIES,
    JobStore,
    accepted,
    asked_again,
    cancelled,
    claimed,
    claimed_again,
    failed,
    retry,
    seen,
)

HOOK = "https://example.com/hook"


class Cancelling:
    """`KnownJobs`, for the end that somebody wishes."""

    @pytest.mark.parametrize("status", ["QUEUED", "RETRYING", "PROCESSING"])
    async def test_whatever_has_not_ended_can_be_cancelled(self, store: JobStore, status: str) -> None:
        job = await accepted(store, max_retries=1)
        if status != "QUEUED":
            job = await claimed(store)
        if status == "RETRYING":
            retry(job, store)
            await store.claims.settle(job)
        await cancelled(store, job)
        view = await seen(store, job)
        assert (view.status, view.next_retry_at, view.result) == (JobStatus.CANCELLED, None, None)
        assert view.completed_at is not None
        assert (await store.sent())[-1].type == "jobs.cancelled.v1"
        assert (await store.told(job))[-1].type == "job.cancelled"

    async def test_a_cancelled_job_is_never_claimed(self, store: JobStore) -> None:
        queued, waiting = await accepted(store), await accepted(store, max_retries=1, priority=Priority.HIGH)
        waiting = await claimed(store)
        waiting.hand_back(now=store.now())
        await store.claims.settle(waiting)
        for job in (queued, waiting):
            await cancelled(store, job)
        await store.claims.offer_due_retries()
        assert await store.claims.next() is None

    async def test_an_answer_after_the_cancel_counts_for_nothing(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        await cancelled(store, job)
        before, told = await seen(store, job), await store.told(job)
        job.complete(a_result(), now=store.now())
        assert not await store.claims.settle(job)
        assert (await seen(store, job), await store.told(job)) == (before, told)

    async def test_of_a_cancel_and_an_answer_at_once_one_wins_wholly(self, store: JobStore) -> None:
        for _ in range(10):
            await accepted(store)
            job = await claimed(store)
            job.complete(a_result(), now=store.now())
            settled, refusal = await asyncio.gather(
                store.claims.settle(job), cancelled(store, job), return_exceptions=True
            )
            status = (await seen(store, job)).status
            if settled:
                assert isinstance(refusal, InvalidTransition)
            assert (status is JobStatus.COMPLETED) == bool(settled)
            ends = [one.type for one in await store.told(job) if one.type in ("job.completed", "job.cancelled")]
            assert ends == [f"job.{status.lower()}"]

    async def test_of_a_cancel_and_a_claim_at_once_the_cancel_wins(self, store: JobStore) -> None:
        for _ in range(10):
            job = await accepted(store)
            claim, _ = await asyncio.gather(store.claims.next(), cancelled(store, job))
            assert (await seen(store, job)).status is JobStatus.CANCELLED
            if claim is not None:
                claim.complete(a_result(), now=store.now())
                assert not await store.claims.settle(claim)

    async def test_what_has_ended_cannot_be_cancelled(self, store: JobStore) -> None:
        job = await failed(store)
        before = await seen(store, job)
        with pytest.raises(InvalidTransition):
            await cancelled(store, job)
        assert await seen(store, job) == before

    async def test_a_job_of_another_tenant_is_not_there(self, store: JobStore) -> None:
        job = await accepted(store)
        with pytest.raises(JobNotFound):
            await cancelled(store, a_job(id=job.id, tenant_id=OTHER_TENANT))
        assert (await seen(store, job)).status is JobStatus.QUEUED


class AskingAgain:
    """`KnownJobs`, for what failed or was cancelled."""

    async def test_a_failed_job_begins_anew_behind_the_others_and_goes_on_counting(self, store: JobStore) -> None:
        job = await failed(store)
        ahead = await accepted(store)
        await asked_again(store, job)
        view = await seen(store, job)
        assert (view.status, view.retry_count, view.error) == (JobStatus.QUEUED, 0, None)
        assert (view.started_at, view.completed_at) == (None, None)
        assert (await store.sent())[-1].type == WAKE_UP
        assert (await store.told(job))[-1].type == "job.queued"
        assert [(await claimed(store)).id, (again := await claimed(store)).id] == [ahead.id, job.id]
        assert again.attempt == 2
        assert [one.attempt for one in again.attempts] == [1]

    async def test_a_cancelled_job_can_be_asked_for_again(self, store: JobStore) -> None:
        job = await accepted(store)
        await cancelled(store, job)
        await asked_again(store, job)
        assert (await claimed(store)).id == job.id

    async def test_asked_twice_at_once_it_is_done_once(self, store: JobStore) -> None:
        job = await failed(store)
        ends = await asyncio.gather(asked_again(store, job), asked_again(store, job), return_exceptions=True)
        assert sorted(type(end).__name__ for end in ends) == ["InvalidTransition", "NoneType"]
        assert [one.type for one in await store.told(job)].count("job.queued") == 2

    async def test_a_waiting_job_cannot_be_asked_for_again(self, store: JobStore) -> None:
        job = await accepted(store)
        with pytest.raises(InvalidTransition):
            await asked_again(store, job)

    async def test_a_stale_attempt_says_nothing_about_the_job_that_was_asked_for_again(self, store: JobStore) -> None:
        await accepted(store)
        stale = await claimed(store)
        await cancelled(store, stale)
        await asked_again(store, stale)
        await claimed(store)
        stale.complete(a_result(text="too late"), now=store.now())
        assert not await store.claims.settle(stale)

    async def test_a_replay_that_comes_twice_does_its_job_once(self, store: JobStore) -> None:
        job = await failed(store)
        replay = ReplayJob(store.known_jobs, store)
        await replay(job.id)
        again = await claimed(store)
        await replay(job.id)
        assert (await seen(store, job)).status is JobStatus.PROCESSING
        assert again.attempt == 2
        await replay(a_job().id)


class Dying:
    """Dead letters and callbacks, written with the end they tell of."""

    async def test_a_failed_job_is_a_dead_letter_until_it_is_done_again(self, store: JobStore) -> None:
        await accepted(store, max_retries=1)
        job = await claimed(store)
        retry(job, store, code="llm_timeout")
        await store.claims.settle(job)
        assert await store.dead_letter(job) is None
        await store.passes(31)
        job = await claimed_again(store)
        retry_spent = a_fault()
        job.fail_attempt(retry_spent, policy=RETRIES, luck=0.5, now=store.now())
        await store.claims.settle(job)
        assert await store.dead_letter(job) == ("llm_overloaded", [1, 2])
        await asked_again(store, job)
        assert await store.dead_letter(job) is None

    async def test_each_end_is_told_to_the_callback_once(self, store: JobStore) -> None:
        await accepted(store, callback_url=HOOK)
        job = await claimed(store)
        job.complete(a_result(), now=store.now())
        await store.claims.settle(job)
        await failed(store, callback_url=HOOK)
        await cancelled(store, await accepted(store, callback_url=HOOK))
        await failed(store)
        calls = await store.callbacks()
        assert [(one.url, one.type) for one in calls] == [
            (HOOK, "job.completed"),
            (HOOK, "job.failed"),
            (HOOK, "job.cancelled"),
        ]
        assert [one.result for one in calls] == ["An old silent pond", None, None]
        assert [one.error["code"] if one.error else None for one in calls] == [None, "llm_overloaded", None]

    async def test_a_retry_tells_the_callback_nothing(self, store: JobStore) -> None:
        await accepted(store, max_retries=1, callback_url=HOOK)
        job = await claimed(store)
        retry(job, store)
        await store.claims.settle(job)
        assert await store.callbacks() == []

    async def test_a_parked_job_remembers_since_when(self, store: JobStore) -> None:
        await accepted(store, max_retries=0)
        job = await claimed(store)
        job.park(a_fault(code="breaker_open"), policy=RETRIES, luck=0.0, now=store.now())
        assert await store.claims.settle(job)
        await store.passes(2)
        again = await claimed_again(store)
        assert (again.parked_since, again.retry_count) == (job.parked_since, 0)
        assert again.parked_since is not None
        again.park(
            a_fault(code="breaker_open"),
            policy=RETRIES,
            luck=0.0,
            now=again.parked_since + PARKED_AT_MOST * 1.01,
        )
        await store.claims.settle(again)
        assert (await seen(store, job)).status is JobStatus.FAILED
        assert await store.dead_letter(job) == ("breaker_open", [2])
