"""Jobs as rows, and the messages that follow from what happened to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from ai_platform.jobs.application.history import Happening, happening
from ai_platform.jobs.application.published import published
from ai_platform.jobs.application.wake_ups import RETRY_DUE, WAKE_UP
from ai_platform.jobs.domain.events import JobCreated, JobRequeued, JobRetryScheduled
from ai_platform.jobs.domain.job import FailedAttempt, Job, JobError, JobStatus, Pipeline, Priority
from ai_platform.runtime.bus import QueueName
from ai_platform.runtime.outbox import Entry, fact

PIPELINES: Final = [pipeline.value for pipeline in Pipeline]
"""What this version can run; jobs of a newer one are left to its workers."""


def new_row(job: Job) -> dict[str, Any]:
    """A job as it is accepted, as JSON: the columns of `jsonb_to_recordset` in `intake.py`."""
    return {
        "id": str(job.id),
        "pipeline": job.pipeline.value,
        "priority": job.priority.value,
        "prompt": job.prompt,
        "config_name": job.config_name,
        "template_name": job.template_name,
        "variables": dict(job.variables),
        "context": dict(job.context),
        "metadata": dict(job.metadata),
        "template_named": job.template_named,
        "needs_moderation": job.needs_moderation,
        "callback_url": job.callback_url,
        "stream": job.stream,
        "timeout_seconds": job.timeout_seconds,
        "max_retries": job.max_retries,
        "trace": dict(job.trace),
        "created_at": job.created_at.isoformat(),
    }


def stored_job(row: Row[Any]) -> Job:
    """The job as it stands in its row, which has to bring `is_watched` besides the columns."""
    return Job(
        id=row.id,
        tenant_id=row.tenant_id,
        status=JobStatus(row.status),
        pipeline=Pipeline(row.pipeline),
        priority=Priority(row.priority),
        prompt=row.prompt,
        config_name=row.config_name,
        template_name=row.template_name,
        variables=row.variables,
        context=row.context,
        metadata=row.metadata,
        template_named=row.template_named,
        needs_moderation=row.needs_moderation,
        callback_url=row.callback_url,
        stream=row.stream,
        is_watched=row.is_watched,
        timeout_seconds=row.timeout_seconds,
        max_retries=row.max_retries,
        retry_count=row.retry_count,
        attempt=row.attempt,
        error=_known_error(row.error),
        trace=row.trace,
        created_at=row.created_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        next_retry_at=row.next_retry_at,
        parked_since=row.parked_since,
        attempts=tuple(_known_attempt(one) for one in row.attempts),
    )


def _known_attempt(document: Mapping[str, Any]) -> FailedAttempt:
    error = _known_error(document["error"])
    assert error is not None  # noqa: S101 - an attempt that failed has one
    return FailedAttempt(attempt=document["attempt"], at=datetime.fromisoformat(document["at"]), error=error)


def _known_error(document: Mapping[str, Any] | None) -> JobError | None:
    """What this version knows of it; a newer one may have written more."""
    if document is None:
        return None
    return JobError(
        code=document["code"],
        message=document["message"],
        retryable=document["retryable"],
        retry_after=document.get("retry_after"),
    )


def decision_row(job: Job) -> dict[str, Any]:
    """What somebody decided about a job, as JSON: the columns of `jsonb_to_record` in `known_jobs.py`."""
    return {
        "id": str(job.id),
        "status": job.status.value,
        "retry_count": job.retry_count,
        "next_retry_at": _iso(job.next_retry_at),
        "started_at": _iso(job.started_at),
        "completed_at": _iso(job.completed_at),
        "error": error_document(job.error),
        "parked_since": _iso(job.parked_since),
    }


def outcome_row(job: Job) -> dict[str, Any]:
    """How an attempt ended, as JSON: the columns of `jsonb_to_recordset` in `settling.py`."""
    result = job.result
    return {
        "id": str(job.id),
        "attempt": job.attempt,
        "status": job.status.value,
        "retry_count": job.retry_count,
        "next_retry_at": _iso(job.next_retry_at),
        "completed_at": _iso(job.completed_at),
        "error": error_document(job.error),
        "result": storable(result.text) if result else None,
        "agent_type": result.agent_type if result else None,
        "answered_by": result.config_name if result else None,
        "template_revision": result.template_revision if result else None,
        "input_tokens": result.input_tokens if result else None,
        "output_tokens": result.output_tokens if result else None,
        "cost_usd": str(result.cost_usd) if result and result.cost_usd is not None else None,
        "attempts": attempts_document(job),
        "parked_since": _iso(job.parked_since),
    }


@dataclass(frozen=True, slots=True)
class Consequences:
    """The outbox entries and the one remembered event that follow from what happened to a job."""

    entries: list[Entry]
    happening: Happening | None

    def event_columns(self) -> dict[str, Any]:
        if self.happening is None:
            return {"event_type": None, "event_at": None, "event_data": None}
        data = dict(self.happening.data)
        if data.get("error"):
            data["error"] = data["error"] | {"message": storable(data["error"]["message"])}
        return {
            "event_type": self.happening.type,
            "event_at": self.happening.at.isoformat(),
            "event_data": data,
        }


def consequences_of(job: Job, task_queue: str) -> Consequences:
    """The events are taken by this."""
    entries: list[Entry] = []
    remembered: Happening | None = None
    cause = f"{job.id}/{job.attempt}"
    for event in job.take_events():
        remembered = happening(job, event) or remembered
        if isinstance(event, JobCreated | JobRequeued | JobRetryScheduled):
            due = event.next_retry_at if isinstance(event, JobRetryScheduled) else None
            entries.append(
                Entry(
                    to=QueueName(task_queue),
                    type=RETRY_DUE if due else WAKE_UP,
                    body={"job_id": str(job.id)},
                    headers=dict(job.trace),
                    due=due,
                    cause=cause,
                )
            )
        if (contract := published(event)) is not None:
            entries.append(fact(contract, headers=job.trace, cause=cause))
    return Consequences(entries, remembered)


def attempts_document(job: Job) -> list[dict[str, Any]]:
    return [
        {"attempt": one.attempt, "at": one.at.isoformat(), "error": error_document(one.error)} for one in job.attempts
    ]


def storable(text: str) -> str:
    """What a model wrote, without the two things PostgreSQL cannot hold: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def error_document(error: JobError | None) -> Mapping[str, Any] | None:
    if error is None:
        return None
    return {
        "code": error.code,
        "message": storable(error.message),
        "retryable": error.retryable,
        "retry_after": error.retry_after,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
