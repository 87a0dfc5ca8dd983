"""What is remembered of a job: its events, as whoever follows it reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ai_platform.jobs.domain.events import (
    JobCancelled,
    JobCompleted,
    JobCreated,
    JobFailed,
    JobRequeued,
    JobRetryScheduled,
)
from ai_platform.jobs.domain.job import Job, JobError, JobResult
from ai_platform.kernel.events import DomainEvent

QUEUED: Final = "job.queued"
STARTED: Final = "job.started"
NODE: Final = "job.node"
RETRYING: Final = "job.retrying"
COMPLETED: Final = "job.completed"
FAILED: Final = "job.failed"
CANCELLED: Final = "job.cancelled"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of one job, without the job's id. The result of a completed job is added where it is stored."""

    type: str
    at: datetime
    data: Mapping[str, Any]


def happening(job: Job, event: DomainEvent) -> Happening | None:
    """How `event`, which has just happened to `job`, is remembered."""
    match event:
        case JobCreated() | JobRequeued():
            return Happening(QUEUED, event.occurred_at, {})
        case JobRetryScheduled():
            return Happening(RETRYING, event.occurred_at, _retrying(job, event))
        case JobCompleted():
            return Happening(COMPLETED, event.occurred_at, _answered(job.result) if job.result else {})
        case JobFailed():
            return Happening(FAILED, event.occurred_at, {"error": shown_error(job.error)})
        case JobCancelled():
            return Happening(CANCELLED, event.occurred_at, {})
        case _:
            return None


def shown_error(error: JobError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {"code": error.code, "message": error.message, "retryable": error.retryable}


def shown_usage(result: JobResult) -> dict[str, Any] | None:
    """None while the provider did not count."""
    if result.input_tokens is None or result.output_tokens is None:
        return None
    return {
        "input_tokens": result.input_tokens,
        "output_tokens": result.output_tokens,
        "total_tokens": result.input_tokens + result.output_tokens,
        "cost_usd": None if result.cost_usd is None else float(result.cost_usd),
    }


def _retrying(job: Job, event: JobRetryScheduled) -> dict[str, Any]:
    return {
        "attempt": job.attempt,
        "delay": max(0.0, (event.next_retry_at - event.occurred_at).total_seconds()),
        "next_retry_at": event.next_retry_at.isoformat(),
        "reason": event.reason.value,
        "error": shown_error(job.error),
    }


def _answered(result: JobResult) -> dict[str, Any]:
    return {
        "agent_type": result.agent_type,
        "config_name": result.config_name,
        "template_name": result.template_name,
        "template_revision": result.template_revision,
        "usage": shown_usage(result),
    }
