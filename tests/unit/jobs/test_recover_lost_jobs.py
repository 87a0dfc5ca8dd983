"""Recovering jobs whose worker died."""

from ai_platform.jobs.application.recover_lost_jobs import SWEEP, RecoverLostJobs
from ai_platform.jobs.application.wake_ups import RETRY_DUE, WAKE_UP
from ai_platform.jobs.domain.job import JobStatus
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.job_store import LEASE, accepted, claimed, claimed_again, seen


async def test_lost_jobs_are_looked_for_over_all_tenants() -> None:
    store = FakeJobStore()
    transactions = store.lost_jobs
    await RecoverLostJobs(transactions, store.clock)()
    assert transactions.opened_for == [None]


async def test_a_lost_job_gets_the_next_attempt_while_one_is_left_and_then_fails() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=1)
    recover = RecoverLostJobs(store.lost_jobs, store.clock)
    for status in (JobStatus.RETRYING, JobStatus.FAILED):
        await claimed_again(store)
        store.clock.passes(LEASE + 1)
        assert await recover() == 1
        assert (await seen(store, job)).status is status
    assert await recover() == 0
    assert [one.type for one in await store.sent()] == [WAKE_UP, RETRY_DUE, "jobs.failed.v1"]


async def test_more_lost_jobs_than_one_sweep_takes_are_left_for_the_next() -> None:
    store = FakeJobStore()
    for _ in range(SWEEP + 5):
        await accepted(store)
        await claimed(store)
    store.clock.passes(LEASE + 1)
    recover = RecoverLostJobs(store.lost_jobs, store.clock)
    assert [await recover() for _ in range(3)] == [SWEEP, 5, 0]
