"""What every job store does: `JobIntake`, `JobClaims`, `LostJobs` and `JobReads` over the same jobs."""

import pytest

from ai_platform.jobs.application.wake_ups import RETRY_DUE, WAKE_UP
from ai_platform.jobs.domain.job import JobStatus
from tests.unit.jobs.builders import a_fault, a_job, a_result
from tests.unit.jobs.job_store import (
    AT_ONCE,
    LEASE,
    RETRIES,
    TRACE,
    JobStore,
    accepted,
    claimed,
    recovered,
    retry,
    seen,
)
from tests.unit.jobs.store_suite_accepting import AcceptingOnce, LimitingTheQueue
from tests.unit.jobs.store_suite_claiming import Claiming, Reading
from tests.unit.jobs.store_suite_deciding import AskingAgain, Cancelling, Dying
from tests.unit.jobs.store_suite_ending import Ending, Fencing
from tests.unit.jobs.store_suite_history import Remembering


class Telling:
    """The messages that go with what happens, in the same transaction."""

    async def test_an_accepted_job_wakes_a_worker_at_once(self, store: JobStore) -> None:
        job = await accepted(store, trace=TRACE)
        [wake_up] = await store.sent()
        assert (wake_up.type, wake_up.body, wake_up.headers) == (WAKE_UP, {"job_id": str(job.id)}, TRACE)
        assert wake_up.available_at <= store.now() + AT_ONCE

    async def test_a_retry_wakes_a_worker_at_its_exact_time(self, store: JobStore) -> None:
        await accepted(store, max_retries=1, trace=TRACE)
        job = await claimed(store)
        at = retry(job, store)
        await store.claims.settle(job)
        [_, wake_up] = await store.sent()
        assert (wake_up.type, wake_up.body, wake_up.headers) == (RETRY_DUE, {"job_id": str(job.id)}, TRACE)
        assert wake_up.available_at == at

    async def test_the_end_of_a_job_is_a_fact_for_everybody(self, store: JobStore) -> None:
        answered, failed = await accepted(store, trace=TRACE), await accepted(store, trace=TRACE)
        while (job := await store.claims.next()) is not None:
            if job.id == answered.id:
                job.complete(a_result(), now=store.now())
            else:
                job.fail_attempt(a_fault(), policy=RETRIES, luck=0.5, now=store.now())
            await store.claims.settle(job)
        facts = {one.type: one for one in await store.sent() if one.type != WAKE_UP}
        assert set(facts) == {"jobs.completed.v1", "jobs.failed.v1"}
        assert facts["jobs.completed.v1"].body["job_id"] == str(answered.id)
        assert facts["jobs.failed.v1"].body["job_id"] == str(failed.id)
        assert facts["jobs.failed.v1"].body["error_code"] == "llm_overloaded"
        assert all(fact.headers == TRACE for fact in facts.values())

    async def test_a_commit_that_fails_keeps_neither_job_nor_message(self, store: JobStore) -> None:
        job = a_job(created_at=store.now())
        job.accept()
        async with store.failing_commits():
            with pytest.raises(store.refusal):
                await store.intake.accept(job)
        assert await store.reads.get(job.tenant_id, job.id) is None
        assert await store.sent() == []

    @pytest.mark.parametrize("ending", ["completed", "failed", "retrying"])
    async def test_a_commit_that_fails_keeps_neither_ending_nor_message(self, store: JobStore, ending: str) -> None:
        await accepted(store, max_retries=1 if ending == "retrying" else 0)
        job = await claimed(store)
        before, sent = await seen(store, job), await store.sent()
        if ending == "completed":
            job.complete(a_result(), now=store.now())
        else:
            job.fail_attempt(a_fault(), policy=RETRIES, luck=0.5, now=store.now())
        async with store.failing_commits():
            with pytest.raises(store.refusal):
                await store.claims.settle(job)
        assert await seen(store, job) == before
        assert await store.sent() == sent

    async def test_a_sweep_whose_commit_fails_keeps_neither_ending_nor_message(self, store: JobStore) -> None:
        job = await accepted(store, max_retries=0)
        await claimed(store)
        await store.passes(LEASE + 1)
        sent = await store.sent()
        async with store.failing_commits():
            with pytest.raises(store.refusal):
                await recovered(store)
        assert (await seen(store, job)).status is JobStatus.PROCESSING
        assert await store.sent() == sent
        assert await recovered(store) == 1


class JobStoreSuite(
    Claiming,
    Reading,
    Ending,
    Fencing,
    Telling,
    Remembering,
    Cancelling,
    AskingAgain,
    Dying,
    AcceptingOnce,
    LimitingTheQueue,
):
    """Inherit, and give it fixtures `store` and `small_store`, whose tenants may have three jobs waiting."""
