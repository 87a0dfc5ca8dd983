"""What every job store does when an attempt ends, whoever ends it."""

import asyncio

import pytest

from ai_platform.jobs.application.recover_lost_jobs import RecoverLostJobs
from ai_platform.jobs.domain.job import JobStatus
from tests.support import eventually
from tests.unit.jobs.builders import a_fault, a_result
from tests.unit.jobs.job_store import (
    LEASE,
    RETRIES,
    JobStore,
    accepted,
    claimed,
    claimed_again,
    recovered,
    retry,
    seen,
)


class Ending:
    """`JobClaims.settle`."""

    async def test_an_answer_is_shown_with_everything_that_belongs_to_it(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.complete(a_result(), now=store.now())
        assert await store.claims.settle(job)
        view = await seen(store, job)
        assert (view.status, view.result, view.agent_type) == (JobStatus.COMPLETED, "An old silent pond", "main")
        assert view.usage == {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14, "cost_usd": 0.00006}
        assert (view.error, view.next_retry_at) == (None, None)
        assert view.completed_at == job.completed_at
        assert view.version > 1

    async def test_an_answer_without_counted_tokens_shows_no_usage(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.complete(a_result(input_tokens=None, output_tokens=None, cost_usd=None), now=store.now())
        await store.claims.settle(job)
        assert (await seen(store, job)).usage is None

    async def test_an_answer_without_a_price_shows_its_tokens(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.complete(a_result(cost_usd=None), now=store.now())
        await store.claims.settle(job)
        assert (await seen(store, job)).usage == {
            "input_tokens": 10,
            "output_tokens": 4,
            "total_tokens": 14,
            "cost_usd": None,
        }

    async def test_a_failure_is_shown_with_its_code_and_without_the_providers_wish(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.fail_attempt(a_fault(retry_after=7.0), policy=RETRIES, luck=0.5, now=store.now())
        assert await store.claims.settle(job)
        view = await seen(store, job)
        assert (view.status, view.result, view.completed_at) == (JobStatus.FAILED, None, job.completed_at)
        assert view.error == {"code": "llm_overloaded", "message": "Too many people ask.", "retryable": True}

    async def test_a_waiting_retry_is_shown_with_its_time_and_the_error_before_it(self, store: JobStore) -> None:
        await accepted(store, max_retries=3)
        job = await claimed(store)
        at = retry(job, store, code="llm_timeout")
        await store.claims.settle(job)
        view = await seen(store, job)
        assert (view.status, view.next_retry_at, view.retry_count) == (JobStatus.RETRYING, at, 1)
        assert view.error is not None
        assert view.error["code"] == "llm_timeout"

    @pytest.mark.parametrize("awkward", ["nul \x00 here", "lone \ud800 surrogate", "\udfff\x00", "👩\u200d🚀 \u2028"])
    async def test_whatever_a_model_writes_can_be_stored_and_shown(self, store: JobStore, awkward: str) -> None:
        answered, failed = await accepted(store), await accepted(store)
        while (job := await store.claims.next()) is not None:
            if job.id == answered.id:
                job.complete(a_result(text=f"<{awkward}>"), now=store.now())
            else:
                job.fail_attempt(a_fault(message=f"<{awkward}>"), policy=RETRIES, luck=0.5, now=store.now())
            assert await store.claims.settle(job)
        result = (await seen(store, answered)).result
        error = (await seen(store, failed)).error
        assert error is not None
        assert result == error["message"]
        assert result is not None
        assert "\x00" not in result
        assert (result[0], result[-1]) == ("<", ">")
        assert result.encode()


class Fencing:
    """An attempt that lost its claim, and `LostJobs`."""

    async def test_a_stale_attempt_changes_nothing_and_publishes_nothing(self, store: JobStore) -> None:
        await accepted(store, max_retries=1)
        stale = await claimed(store)
        await store.passes(LEASE + 1)
        assert await recovered(store) == 1
        fresh = await claimed_again(store)
        before, sent = await seen(store, stale), await store.sent()

        stale.complete(a_result(text="too late"), now=store.now())
        assert not await store.claims.settle(stale)
        assert await seen(store, stale) == before
        assert await store.sent() == sent

        fresh.complete(a_result(text="in time"), now=store.now())
        assert await store.claims.settle(fresh)
        assert (await seen(store, fresh)).result == "in time"

    async def test_of_two_attempts_that_end_together_the_later_one_counts(self, store: JobStore) -> None:
        await accepted(store, max_retries=1)
        stale = await claimed(store)
        await store.passes(LEASE + 1)
        await recovered(store)
        fresh = await claimed_again(store)
        sent = await store.sent()
        stale.complete(a_result(text="too late"), now=store.now())
        fresh.complete(a_result(text="in time"), now=store.now())
        counted = await asyncio.gather(*(store.claims.settle(one) for one in (stale, fresh)))
        assert counted == [False, True]
        assert (await seen(store, fresh)).result == "in time"
        assert [one.type for one in await store.sent() if one not in sent] == ["jobs.completed.v1"]

    async def test_an_attempt_that_was_swept_and_not_claimed_again_is_stale_too(self, store: JobStore) -> None:
        await accepted(store, max_retries=1)
        stale = await claimed(store)
        await store.passes(LEASE + 1)
        await recovered(store)
        stale.complete(a_result(), now=store.now())
        assert not await store.claims.settle(stale)
        assert (await seen(store, stale)).status is JobStatus.RETRYING

    async def test_an_attempt_ends_once(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.complete(a_result(), now=store.now())
        assert await store.claims.settle(job)
        sent = await store.sent()
        assert not await store.claims.settle(job)
        assert await store.sent() == sent

    async def test_work_whose_claim_was_taken_over_is_left_quietly(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        steps: list[str] = []

        async def work() -> None:
            async with store.claims.holding(job):
                steps.append("began")
                await asyncio.Event().wait()
            steps.append("left quietly")

        task = asyncio.create_task(work())
        await eventually(lambda: steps)
        await store.take_away(job)
        await task
        assert steps == ["began", "left quietly"]

    async def test_a_lost_claim_is_recovered_by_one_of_many_sweepers(self, store: JobStore) -> None:
        jobs = [await accepted(store, max_retries=1) for _ in range(10)]
        for _ in jobs:
            await claimed(store)
        await store.passes(LEASE + 1)
        sweep = RecoverLostJobs(store.lost_jobs, store)
        assert sum(await asyncio.gather(*(sweep() for _ in range(5)))) == 10
        for job in jobs:
            view = await seen(store, job)
            assert (view.status, view.retry_count) == (JobStatus.RETRYING, 1)
            assert view.error is not None
            assert view.error["code"] == "worker_lost"
        assert await recovered(store) == 0

    async def test_a_claim_that_still_holds_is_not_recovered(self, store: JobStore) -> None:
        job = await accepted(store, max_retries=1)
        await claimed(store)
        await store.passes(LEASE - 10)
        assert await recovered(store) == 0
        assert (await seen(store, job)).status is JobStatus.PROCESSING

    async def test_a_job_without_retries_whose_worker_was_lost_has_failed(self, store: JobStore) -> None:
        job = await accepted(store, max_retries=0)
        await claimed(store)
        await store.passes(LEASE + 1)
        assert await recovered(store) == 1
        view = await seen(store, job)
        assert (view.status, view.retry_count) == (JobStatus.FAILED, 0)
        assert view.error is not None
        assert view.error["code"] == "worker_lost"
        assert (await store.sent())[-1].type == "jobs.failed.v1"

    async def test_a_recovered_job_is_offered_at_once(self, store: JobStore) -> None:
        job = await accepted(store, max_retries=1)
        await claimed(store)
        await store.passes(LEASE + 1)
        await recovered(store)
        again = await claimed_again(store)
        assert (again.id, again.attempt) == (job.id, 2)
