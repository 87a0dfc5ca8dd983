"""An attempt that fails is retried, parked or given up, as its fault deserves."""

from datetime import timedelta

import pytest

from ai_platform.jobs.domain.job import JobStatus
from ai_platform.kernel.errors import Unavailable
from tests.unit.jobs.attempts import SILENCE, a_failure, runs
from tests.unit.jobs.builders import NOON
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.fakes import FakeLlm
from tests.unit.jobs.job_store import accepted, seen


async def test_a_fault_that_may_pass_is_retried_at_an_exact_time() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=1)
    assert await runs(store, FakeLlm(a_failure()), luck=lambda: 0.75)()
    view = await seen(store, job)
    assert (view.status, view.retry_count) == (JobStatus.RETRYING, 1)
    assert view.next_retry_at == NOON + timedelta(seconds=10.5)
    assert view.error == {"code": "llm_overloaded", "message": "The provider is overloaded.", "retryable": True}


async def test_the_providers_wish_is_granted() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=1)
    await runs(store, FakeLlm(a_failure(retry_after=3600.0)))()
    assert (await seen(store, job)).next_retry_at == NOON + timedelta(hours=1)


async def test_a_fault_that_stays_fails_the_job_at_once() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=5)
    assert await runs(store, FakeLlm(a_failure(code="llm_auth", retryable=False)))()
    view = await seen(store, job)
    assert (view.status, view.retry_count) == (JobStatus.FAILED, 0)
    assert view.error is not None
    assert view.error["code"] == "llm_auth"


async def test_attempts_go_on_until_none_is_left() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=2)
    run_next = runs(store, FakeLlm(a_failure()))
    statuses = []
    while await run_next():
        statuses.append((await seen(store, job)).status)
        store.clock.passes(60)
        await store.claims.offer_due_retries()
    assert statuses == [JobStatus.RETRYING, JobStatus.RETRYING, JobStatus.FAILED]


async def test_an_attempt_takes_no_longer_than_the_job_allows() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=1, timeout_seconds=0.005)
    assert await runs(store, FakeLlm(SILENCE))()
    view = await seen(store, job)
    assert (view.status, view.retry_count) == (JobStatus.RETRYING, 1)
    assert view.error == {
        "code": "job_timeout",
        "message": "The attempt took longer than its 0.005 seconds.",
        "retryable": True,
    }


@pytest.mark.parametrize("timeout_seconds", [None, 600.0])
async def test_a_timeout_of_somebody_else_is_not_the_jobs_own(timeout_seconds: float | None) -> None:
    store = FakeJobStore()
    job = await accepted(store, timeout_seconds=timeout_seconds)
    with pytest.raises(TimeoutError):
        await runs(store, FakeLlm(TimeoutError("a pool somewhere")))()
    error = (await seen(store, job)).error
    assert error is not None
    assert error["code"] == "internal_error"


async def test_a_fault_of_our_own_ends_the_attempt_and_is_told() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=1)
    with pytest.raises(ZeroDivisionError):
        await runs(store, FakeLlm(ZeroDivisionError()))()
    view = await seen(store, job)
    assert (view.status, view.retry_count) == (JobStatus.RETRYING, 1)
    assert view.error is not None
    assert (view.error["code"], view.error["retryable"]) == ("internal_error", True)


async def test_a_stored_history_that_cannot_be_read_ends_the_attempt() -> None:
    store, llm = FakeJobStore(), FakeLlm()
    job = await accepted(store, context={"history": [{"from": "Ann"}]})
    with pytest.raises(KeyError):
        await runs(store, llm)()
    assert (await seen(store, job)).status is JobStatus.FAILED
    assert llm.asked == []


async def test_a_database_that_is_away_costs_the_job_nothing() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=0)
    with pytest.raises(Unavailable):
        await runs(store, FakeLlm(Unavailable("The database is away.")))()
    view = await seen(store, job)
    assert (view.status, view.retry_count, view.error) == (JobStatus.RETRYING, 0, None)


async def test_a_job_that_no_model_was_called_for_is_parked_unspent() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=0)
    fault = a_failure(code="breaker_open", retry_after=40.0, untried=True)
    assert await runs(store, FakeLlm(fault), luck=lambda: 0.5)()
    view = await seen(store, job)
    assert (view.status, view.retry_count) == (JobStatus.RETRYING, 0)
    assert view.next_retry_at == NOON + timedelta(seconds=50)
    assert view.error is not None
    assert view.error["code"] == "breaker_open"
    assert (await store.told(job))[-1].data["reason"] == "parked"
