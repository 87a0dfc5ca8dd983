"""What happens to a job."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ai_platform.kernel.events import DomainEvent


class RetryReason(StrEnum):
    """Why there is another attempt: only the first is one that was spent."""

    FAILED = "failed"
    PARKED = "parked"
    HANDED_BACK = "handed_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent(DomainEvent):
    job_id: UUID
    tenant_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCreated(JobEvent):
    """The job was accepted and waits for a worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCompleted(JobEvent):
    """The job has its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed(JobEvent):
    """The job will have no answer."""

    error_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRetryScheduled(JobEvent):
    """The attempt ended without an answer; the next may begin at `next_retry_at`."""

    next_retry_at: datetime
    reason: RetryReason = RetryReason.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelled(JobEvent):
    """Somebody asked for the end of the job before it had one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequeued(JobEvent):
    """A job that had ended was asked for again."""
