"""Whatever happens to a job in whatever order, the promises about it hold."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ai_platform.jobs.domain.errors import InvalidTransition
from ai_platform.jobs.domain.events import (
    JobCancelled,
    JobCompleted,
    JobCreated,
    JobFailed,
    JobRequeued,
    JobRetryScheduled,
)
from ai_platform.jobs.domain.job import MAX_RETRIES, TERMINAL, Job, JobStatus
from ai_platform.jobs.domain.retry import RetryPolicy
from ai_platform.kernel.events import DomainEvent
from tests.unit.jobs.builders import a_fault, a_job, a_result
from tests.unit.jobs.fakes import FakeClock

CALLS = JobCreated | JobRequeued | JobRetryScheduled
"""What wakes a worker."""
DELAYS = st.floats(0, 1e5, allow_nan=False)
LUCK = st.floats(0, 1, exclude_max=True)


def in_hand(machine: "JobLifecycle") -> bool:
    return machine.job.status is JobStatus.PROCESSING


class JobLifecycle(RuleBasedStateMachine):
    job: Job

    @initialize(max_retries=st.integers(0, MAX_RETRIES), shortest=DELAYS, longest=DELAYS)
    def submit(self, max_retries: int, shortest: float, longest: float) -> None:
        self.clock = FakeClock()
        self.policy = RetryPolicy(shortest=shortest, longest=longest)
        self.job = a_job(max_retries=max_retries)
        self.job.accept()
        self.events: list[DomainEvent] = []
        self.claims_called = 0
        self.spent = self.rounds = 0
        self.ended: tuple[object, ...] | None = None
        self.note()

    def note(self) -> None:
        """What a store would: the events, and how it ended."""
        self.events += self.job.take_events()
        if self.job.status in TERMINAL and self.ended is None:
            self.ended = self.ending()

    def ending(self) -> tuple[object, ...]:
        job = self.job
        return job.status, job.result, job.error, job.completed_at, job.retry_count, len(self.events)

    @rule(seconds=st.floats(0, 1e4))
    def time_passes(self, seconds: float) -> None:
        self.clock.passes(seconds)

    @precondition(lambda machine: machine.job.status in (JobStatus.QUEUED, JobStatus.RETRYING))
    @rule()
    def claim(self) -> None:
        """As a store does it, once the time has come."""
        due = self.job.next_retry_at
        self.clock.moment = max(self.clock.moment, due or self.clock.moment)
        self.job.status, self.job.next_retry_at = JobStatus.PROCESSING, None
        self.job.attempt += 1
        self.claims_called = len([one for one in self.events if isinstance(one, CALLS)])

    @precondition(in_hand)
    @rule()
    def complete(self) -> None:
        self.job.complete(a_result(), now=self.clock.now())
        self.note()
        assert self.job.error is None

    @precondition(in_hand)
    @rule(retryable=st.booleans(), wanted=st.none() | DELAYS, luck=LUCK)
    def fail_attempt(self, retryable: bool, wanted: float | None, luck: float) -> None:
        error = a_fault(retryable=retryable, retry_after=wanted)
        self.job.fail_attempt(error, policy=self.policy, luck=luck, now=self.clock.now())
        self.after_a_fault(retryable=retryable)
        assert self.job.error == error

    @precondition(in_hand)
    @rule()
    def lose_worker(self) -> None:
        self.job.lose_worker(now=self.clock.now())
        self.after_a_fault(retryable=True)

    def after_a_fault(self, *, retryable: bool) -> None:
        self.note()
        if retryable and self.spent < self.job.max_retries:
            self.spent += 1
            assert self.job.status is JobStatus.RETRYING
        else:
            assert self.job.status is JobStatus.FAILED

    @precondition(in_hand)
    @rule()
    def hand_back(self) -> None:
        error = self.job.error
        self.job.hand_back(now=self.clock.now())
        self.note()
        assert self.job.error is error
        assert self.job.status is JobStatus.RETRYING

    @precondition(in_hand)
    @rule(wanted=st.none() | DELAYS, luck=LUCK)
    def park(self, wanted: float | None, luck: float) -> None:
        error = a_fault(code="breaker_open", retry_after=wanted)
        self.job.park(error, policy=self.policy, luck=luck, now=self.clock.now())
        self.note()
        assert self.job.error is error
        if self.job.next_retry_at is not None:
            assert (self.job.next_retry_at - self.clock.now()).total_seconds() >= (wanted or 1.0) - 1e-6

    @precondition(lambda machine: machine.job.status not in TERMINAL)
    @rule()
    def cancel(self) -> None:
        self.job.cancel(now=self.clock.now())
        self.note()
        assert self.job.status is JobStatus.CANCELLED

    @precondition(lambda machine: machine.job.status in (JobStatus.FAILED, JobStatus.CANCELLED))
    @rule()
    def ask_again(self) -> None:
        attempt = self.job.attempt
        self.job.ask_again(now=self.clock.now())
        self.ended, self.spent = None, 0
        self.rounds += 1
        self.note()
        assert self.job.attempt == attempt

    @precondition(lambda machine: not in_hand(machine))
    @rule(verb=st.sampled_from([Job.complete, Job.fail_attempt, Job.lose_worker, Job.hand_back]))
    def end_what_is_not_in_hand(self, verb: Callable[..., None]) -> None:
        late_words: dict[Callable[..., None], Callable[..., None]] = {
            Job.complete: partial(verb, self.job, a_result()),
            Job.fail_attempt: partial(verb, self.job, a_fault(), policy=self.policy, luck=0.5),
        }
        with pytest.raises(InvalidTransition):
            late_words.get(verb, partial(verb, self.job))(now=self.clock.now())
        self.note()

    @invariant()
    def retries_are_counted_and_bounded(self) -> None:
        assert self.job.retry_count == self.spent <= self.job.max_retries

    @invariant()
    def the_end_is_the_end(self) -> None:
        assert self.ended is None or self.ended == self.ending()

    @invariant()
    def it_ends_once_and_says_so_once(self) -> None:
        ends = [event for event in self.events if isinstance(event, JobCompleted | JobFailed | JobCancelled)]
        assert len(ends) == self.rounds + (self.job.status in TERMINAL)
        assert (self.job.result is not None) == (self.job.status is JobStatus.COMPLETED)
        assert (self.job.completed_at is not None) == (self.job.status in TERMINAL)

    @invariant()
    def whoever_waits_is_called(self) -> None:
        waiting = self.job.status is JobStatus.RETRYING
        assert (self.job.next_retry_at is not None) == waiting
        called = [event for event in self.events if isinstance(event, CALLS)]
        if self.job.status in (JobStatus.QUEUED, JobStatus.RETRYING):
            assert len(called) > self.claims_called
        if waiting:
            assert isinstance(called[-1], JobRetryScheduled)
            assert called[-1].next_retry_at == self.job.next_retry_at


TestJobLifecycle = JobLifecycle.TestCase
TestJobLifecycle.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
