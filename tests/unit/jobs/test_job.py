"""The job's state machine: which way each verb leads, what it keeps, and what it refuses."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ai_platform.jobs.domain.errors import InvalidTransition
from ai_platform.jobs.domain.events import (
    JobCancelled,
    JobCompleted,
    JobCreated,
    JobFailed,
    JobRequeued,
    JobRetryScheduled,
    RetryReason,
)
from ai_platform.jobs.domain.job import ATTEMPTS_KEPT, TERMINAL, Job, JobStatus
from tests.unit.jobs.builders import NOON, POLICY, a_claimed_job, a_fault, a_job, a_result

LATER = NOON + timedelta(minutes=1)


def complete(job: Job) -> None:
    job.complete(a_result(), now=LATER)


def fail_for_good(job: Job) -> None:
    job.fail_attempt(a_fault(retryable=False), policy=POLICY, luck=0.5, now=LATER)


def fail_for_now(job: Job) -> None:
    job.fail_attempt(a_fault(), policy=POLICY, luck=0.5, now=LATER)


def lose_worker(job: Job) -> None:
    job.lose_worker(now=LATER)


def hand_back(job: Job) -> None:
    job.hand_back(now=LATER)


def park(job: Job) -> None:
    job.park(a_fault(code="breaker_open"), policy=POLICY, luck=0.0, now=LATER)


def cancel(job: Job) -> None:
    job.cancel(now=LATER)


def ask_again(job: Job) -> None:
    job.ask_again(now=LATER)


Verb = Callable[[Job], None]
VERBS = (complete, fail_for_good, fail_for_now, lose_worker, hand_back, park)


def test_accepting_a_job_records_that_it_was_created() -> None:
    job = a_job()
    job.accept()
    assert job.take_events() == (JobCreated(job_id=job.id, tenant_id=job.tenant_id, occurred_at=NOON),)
    assert job.take_events() == ()


@pytest.mark.parametrize(
    ("verb", "max_retries", "status"),
    [
        (complete, 0, JobStatus.COMPLETED),
        (complete, 3, JobStatus.COMPLETED),
        (fail_for_good, 0, JobStatus.FAILED),
        (fail_for_good, 3, JobStatus.FAILED),
        (fail_for_now, 0, JobStatus.FAILED),
        (fail_for_now, 3, JobStatus.RETRYING),
        (lose_worker, 0, JobStatus.FAILED),
        (lose_worker, 3, JobStatus.RETRYING),
        (hand_back, 0, JobStatus.RETRYING),
        (hand_back, 3, JobStatus.RETRYING),
        (park, 0, JobStatus.RETRYING),
        (cancel, 3, JobStatus.CANCELLED),
    ],
)
def test_an_attempt_ends_where_its_verb_leads(verb: Verb, max_retries: int, status: JobStatus) -> None:
    job = a_claimed_job(max_retries=max_retries)
    verb(job)
    assert job.status is status
    assert (job.completed_at == LATER) is (status is not JobStatus.RETRYING)
    assert (job.next_retry_at is not None) is (status is JobStatus.RETRYING)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.PROCESSING])
def test_only_an_attempt_can_end_and_a_refusal_changes_nothing(verb: Verb, status: JobStatus) -> None:
    job = a_job(status=status, max_retries=3, retry_count=1, error=a_fault(code="earlier"))
    before = dict(vars(job))
    with pytest.raises(InvalidTransition) as refusal:
        verb(job)
    assert vars(job) == before
    assert refusal.value.stable_code == "invalid_transition"
    assert refusal.value.detail.startswith(f"A job that is {status.value} cannot become ")


def test_an_answer_takes_the_place_of_the_error_before_it() -> None:
    job = a_claimed_job(error=a_fault(), retry_count=1, max_retries=3)
    complete(job)
    assert (job.result, job.error) == (a_result(), None)
    assert job.retry_count == 1
    assert job.take_events() == (JobCompleted(job_id=job.id, tenant_id=job.tenant_id, occurred_at=LATER),)


def test_a_failed_job_says_why() -> None:
    job = a_claimed_job(error=a_fault(code="earlier"))
    fail_for_good(job)
    assert (job.error, job.result) == (a_fault(retryable=False), None)
    [event] = job.take_events()
    assert event == JobFailed(job_id=job.id, tenant_id=job.tenant_id, occurred_at=LATER, error_code="llm_overloaded")


def test_a_retry_spends_one_and_says_when() -> None:
    job = a_claimed_job(max_retries=3, retry_count=1)
    fail_for_now(job)
    assert (job.retry_count, job.error) == (2, a_fault())
    assert job.next_retry_at == LATER + timedelta(seconds=20)
    [event] = job.take_events()
    assert event == JobRetryScheduled(
        job_id=job.id, tenant_id=job.tenant_id, occurred_at=LATER, next_retry_at=LATER + timedelta(seconds=20)
    )


def test_the_last_retry_is_used_and_no_more() -> None:
    job = a_claimed_job(max_retries=2, retry_count=1)
    fail_for_now(job)
    assert (job.status, job.retry_count) == (JobStatus.RETRYING, 2)
    job.status = JobStatus.PROCESSING
    fail_for_now(job)
    assert (job.status, job.retry_count) == (JobStatus.FAILED, 2)


def test_a_lost_worker_spends_a_retry_and_the_next_attempt_may_begin_at_once() -> None:
    job = a_claimed_job(max_retries=3)
    lose_worker(job)
    assert (job.retry_count, job.next_retry_at) == (1, LATER)
    assert job.error is not None
    assert (job.error.code, job.error.retryable) == ("worker_lost", True)


@pytest.mark.parametrize("error", [None, a_fault()])
def test_handing_back_spends_nothing_and_keeps_the_error_before_it(error: object) -> None:
    job = a_claimed_job(max_retries=0, error=error)
    hand_back(job)
    assert (job.retry_count, job.next_retry_at, job.error) == (0, LATER, error)
    assert [type(event) for event in job.take_events()] == [JobRetryScheduled]


def test_an_attempt_without_an_answer_is_remembered_with_its_error() -> None:
    job = a_claimed_job(max_retries=3)
    fail_for_now(job)
    job.status, job.attempt = JobStatus.PROCESSING, 2
    lose_worker(job)
    assert [(one.attempt, one.at, one.error.code) for one in job.attempts] == [
        (1, LATER, "llm_overloaded"),
        (2, LATER, "worker_lost"),
    ]


def test_only_the_latest_attempts_are_remembered() -> None:
    job = a_claimed_job(max_retries=1)
    for number in range(ATTEMPTS_KEPT + 5):
        job.status, job.attempt, job.retry_count = JobStatus.PROCESSING, number, 0
        fail_for_now(job)
    assert [one.attempt for one in job.attempts] == list(range(5, ATTEMPTS_KEPT + 5))


def test_parking_spends_nothing_and_says_why() -> None:
    job = a_claimed_job(max_retries=0)
    park(job)
    assert (job.retry_count, job.attempts, job.parked_since) == (0, (), LATER)
    assert job.next_retry_at == LATER + timedelta(seconds=1)
    assert job.error is not None
    assert job.error.code == "breaker_open"
    [event] = job.take_events()
    assert isinstance(event, JobRetryScheduled)
    assert event.reason is RetryReason.PARKED


@pytest.mark.parametrize("hours", [23.9, 24.1])
def test_a_job_is_parked_for_a_day_at_most(hours: float) -> None:
    job = a_claimed_job(max_retries=3, parked_since=LATER - timedelta(hours=hours))
    park(job)
    assert job.status is (JobStatus.RETRYING if hours < 24 else JobStatus.FAILED)
    assert job.parked_since == LATER - timedelta(hours=hours)
    assert len(job.attempts) == (hours > 24)


@pytest.mark.parametrize("verb", [fail_for_now, complete, lose_worker])
def test_a_call_that_was_made_ends_the_parking(verb: Verb) -> None:
    job = a_claimed_job(max_retries=3, parked_since=NOON)
    verb(job)
    assert job.parked_since is None


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.PROCESSING, JobStatus.RETRYING])
def test_whatever_has_not_ended_can_be_cancelled(status: JobStatus) -> None:
    job = a_job(status=status, next_retry_at=NOON)
    cancel(job)
    assert (job.status, job.completed_at, job.next_retry_at) == (JobStatus.CANCELLED, LATER, None)
    assert [type(event) for event in job.take_events()] == [JobCancelled]


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_what_has_ended_cannot_be_cancelled(status: JobStatus) -> None:
    job = a_job(status=status)
    before = dict(vars(job))
    with pytest.raises(InvalidTransition):
        cancel(job)
    assert vars(job) == before


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED])
def test_what_failed_or_was_cancelled_begins_anew(status: JobStatus) -> None:
    job = a_job(status=status, attempt=4, retry_count=3, max_retries=3, error=a_fault(), completed_at=NOON)
    ask_again(job)
    assert (job.status, job.retry_count, job.attempt) == (JobStatus.QUEUED, 0, 4)
    assert (job.error, job.completed_at, job.started_at) == (None, None, None)
    assert [type(event) for event in job.take_events()] == [JobRequeued]


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {JobStatus.FAILED, JobStatus.CANCELLED}))
def test_nothing_else_can_be_asked_for_again(status: JobStatus) -> None:
    job = a_job(status=status)
    with pytest.raises(InvalidTransition):
        ask_again(job)
    assert job.status is status
