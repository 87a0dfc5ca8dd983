"""Jobs as rows, and the messages that follow from what happened to them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from ai_platform.jobs.application.published import published
from ai_platform.jobs.application.wake_ups import RETRY_DUE, WAKE_UP
from ai_platform.jobs.domain.events import JobCreated, JobRetryScheduled
from ai_platform.jobs.domain.job import Job, JobError, JobStatus, Pipeline, Priority
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
        "stream": job.stream,
        "timeout_seconds": job.timeout_seconds,
        "max_retries": job.max_retries,
        "trace": dict(job.trace),
        "created_at": job.created_at.isoformat(),
    }


def claimed_job(row: Row[Any]) -> Job:
    """The job as an attempt needs it."""
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
        stream=row.stream,
        timeout_seconds=row.timeout_seconds,
        max_retries=row.max_retries,
        retry_count=row.retry_count,
        attempt=row.attempt,
        error=_known_error(row.error),
        trace=row.trace,
        created_at=row.created_at,
        started_at=row.started_at,
    )


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


def outcome_row(job: Job) -> dict[str, Any]:
    """How an attempt ended, as JSON: the columns of `jsonb_to_recordset` in `claims.py`."""
    result = job.result
    return {
        "id": str(job.id),
        "attempt": job.attempt,
        "status": job.status.value,
        "retry_count": job.retry_count,
        "next_retry_at": _iso(job.next_retry_at),
        "completed_at": _iso(job.completed_at),
        "error": _error_document(job.error),
        "result": storable(result.text) if result else None,
        "agent_type": result.agent_type if result else None,
        "template_revision": result.template_revision if result else None,
        "input_tokens": result.input_tokens if result else None,
        "output_tokens": result.output_tokens if result else None,
        "cost_usd": str(result.cost_usd) if result and result.cost_usd is not None else None,
    }


def entries_of(job: Job, task_queue: str) -> list[Entry]:
    """The outbox entries that follow from the job's events; the events are taken by this."""
    entries: list[Entry] = []
    for event in job.take_events():
        if isinstance(event, JobCreated | JobRetryScheduled):
            due = event.next_retry_at if isinstance(event, JobRetryScheduled) else None
            entries.append(
                Entry(
                    to=QueueName(task_queue),
                    type=RETRY_DUE if due else WAKE_UP,
                    body={"job_id": str(job.id)},
                    headers=dict(job.trace),
                    due=due,
                )
            )
        if (contract := published(event)) is not None:
            entries.append(fact(contract, headers=job.trace))
    return entries


def storable(text: str) -> str:
    """What a model wrote, without the two things PostgreSQL cannot hold: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _error_document(error: JobError | None) -> Mapping[str, Any] | None:
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
