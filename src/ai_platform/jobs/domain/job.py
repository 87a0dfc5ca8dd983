"""A job: one prompt, accepted once, ending in exactly one terminal state.

QUEUED ──▶ PROCESSING ──▶ COMPLETED | FAILED | CANCELLED
   ▲            │
   └─ RETRYING ◀┘          (whatever has not ended may become CANCELLED)

FAILED and CANCELLED may be asked for again: then the job is QUEUED with all its retries before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any, Final
from uuid import UUID

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
from ai_platform.jobs.domain.retry import RetryPolicy
from ai_platform.kernel.aggregate import Aggregate

PROMPT_LENGTH: Final = 100_000
"""Characters."""
MAX_RETRIES: Final = 10
NAME_LENGTH: Final = 255
ATTEMPTS_KEPT: Final = 50
"""The latest ones; only a job that is asked for again and again has more."""
PARKED_AT_MOST: Final = timedelta(hours=24)
MAIN_AGENT_TEMPLATE: Final = "main-agent"
"""What a multi-agent job shows as its template while nobody named one."""


class JobStatus(StrEnum):
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    RETRYING = "RETRYING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


TERMINAL: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


class Pipeline(StrEnum):
    SINGLE = "single"
    MULTI_AGENT = "multi_agent"


class Priority(IntEnum):
    """Classes: no normal job begins while a high one waits."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why the latest attempt gave no answer."""

    code: str
    message: str
    retryable: bool
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAttempt:
    """One attempt that gave no answer, and why."""

    attempt: int
    at: datetime
    error: JobError


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What an attempt brought back; `config_name` is the config that answered, be it a fallback."""

    text: str
    agent_type: str
    config_name: str
    template_name: str
    template_revision: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None


WORKER_LOST: Final = JobError(
    code="worker_lost", message="The worker that ran this attempt went away before it ended.", retryable=True
)
INTERNAL_ERROR: Final = JobError(
    code="internal_error", message="The attempt ended by a fault of the platform's own.", retryable=True
)


@dataclass(eq=False, kw_only=True)
class Job(Aggregate):
    """`attempt` counts claims and fences their writes; `retry_count` counts the attempts spent beyond the first.

    `trace` is the correlation (request id, trace context) of whoever asked for it. `template_named` is false when
    nobody named a template, so that the pipeline chooses. `is_watched` says that somebody reads its live events.
    """

    id: UUID
    tenant_id: UUID
    prompt: str
    config_name: str
    template_name: str
    created_at: datetime
    status: JobStatus = JobStatus.QUEUED
    pipeline: Pipeline = Pipeline.SINGLE
    priority: Priority = Priority.NORMAL
    variables: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    trace: Mapping[str, str] = field(default_factory=dict)
    template_named: bool = True
    needs_moderation: bool = True
    callback_url: str | None = None
    stream: bool = False
    is_watched: bool = False
    timeout_seconds: float | None = None
    max_retries: int = 0
    retry_count: int = 0
    attempt: int = 0
    next_retry_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    parked_since: datetime | None = None
    result: JobResult | None = None
    error: JobError | None = None
    attempts: tuple[FailedAttempt, ...] = ()

    def accept(self) -> None:
        """The promise behind a 202."""
        self.record(JobCreated(job_id=self.id, tenant_id=self.tenant_id, occurred_at=self.created_at))

    def complete(self, result: JobResult, *, now: datetime) -> None:
        self._leave_processing(JobStatus.COMPLETED)
        self.result, self.error, self.next_retry_at, self.completed_at = result, None, None, now
        self.parked_since = None
        self.record(JobCompleted(job_id=self.id, tenant_id=self.tenant_id, occurred_at=now))

    def fail_attempt(self, error: JobError, *, policy: RetryPolicy, luck: float, now: datetime) -> None:
        """Another attempt if the fault may pass and one is left, else the end."""
        if error.retryable and self.retry_count < self.max_retries:
            at = policy.next_attempt_at(now=now, failures=self.retry_count, wanted=error.retry_after, luck=luck)
            self._retry(error, at=at, now=now, reason=RetryReason.FAILED)
            self.retry_count += 1
        else:
            self._fail(error, now=now)
        self._remember(error, now)
        self.parked_since = None

    def park(self, error: JobError, *, policy: RetryPolicy, luck: float, now: datetime) -> None:
        """No model was called, so no attempt is spent: it waits until one may be, a day at most."""
        since = self.parked_since or now
        if now - since > PARKED_AT_MOST:
            self._fail(error, now=now)
            self._remember(error, now)
            return
        at = policy.parked_until(now=now, since=since, wanted=error.retry_after, luck=luck)
        self._retry(error, at=at, now=now, reason=RetryReason.PARKED)
        self.parked_since = since

    def lose_worker(self, *, now: datetime) -> None:
        """A claim ran out: the model may have been called, so the attempt is spent; the next may begin at once."""
        at_once = RetryPolicy(shortest=0.0, longest=0.0)
        self.fail_attempt(WORKER_LOST, policy=at_once, luck=0.5, now=now)

    def hand_back(self, *, now: datetime) -> None:
        """A worker that drains gives the job to another; no attempt is spent."""
        self._retry(self.error, at=now, now=now, reason=RetryReason.HANDED_BACK)

    def cancel(self, *, now: datetime) -> None:
        """Wins against a waiting retry and a running attempt, whose outcome counts for nothing any more."""
        if self.status in TERMINAL:
            raise InvalidTransition(self.status, JobStatus.CANCELLED)
        self.status, self.next_retry_at, self.completed_at = JobStatus.CANCELLED, None, now
        self.record(JobCancelled(job_id=self.id, tenant_id=self.tenant_id, occurred_at=now))

    def ask_again(self, *, now: datetime) -> None:
        """What failed or was cancelled is begun anew, with all its retries; its attempts go on being counted."""
        if self.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
            raise InvalidTransition(self.status, JobStatus.QUEUED)
        self.status, self.retry_count, self.error = JobStatus.QUEUED, 0, None
        self.started_at = self.completed_at = self.parked_since = None
        self.record(JobRequeued(job_id=self.id, tenant_id=self.tenant_id, occurred_at=now))

    def _fail(self, error: JobError, *, now: datetime) -> None:
        self._leave_processing(JobStatus.FAILED)
        self.error, self.next_retry_at, self.completed_at = error, None, now
        self.record(JobFailed(job_id=self.id, tenant_id=self.tenant_id, occurred_at=now, error_code=error.code))

    def _retry(self, error: JobError | None, *, at: datetime, now: datetime, reason: RetryReason) -> None:
        self._leave_processing(JobStatus.RETRYING)
        self.error, self.next_retry_at = error, at
        self.record(
            JobRetryScheduled(
                job_id=self.id, tenant_id=self.tenant_id, occurred_at=now, next_retry_at=at, reason=reason
            )
        )

    def _remember(self, error: JobError, now: datetime) -> None:
        ended = FailedAttempt(attempt=self.attempt, at=now, error=error)
        self.attempts = (*self.attempts, ended)[-ATTEMPTS_KEPT:]

    def _leave_processing(self, status: JobStatus) -> None:
        if self.status is not JobStatus.PROCESSING:
            raise InvalidTransition(self.status, status)
        self.status = status
