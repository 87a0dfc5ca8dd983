"""What a fake store keeps of a job, and how it is shown."""

import copy
from dataclasses import dataclass
from datetime import datetime

from ai_platform.jobs.application.ports import JobView
from ai_platform.jobs.domain.job import Job


@dataclass
class Row:
    job: Job
    fair_at: datetime
    updated_at: datetime
    lease_expires_at: datetime | None = None
    version: int = 1


def without_events(job: Job) -> Job:
    stored = copy.copy(job)
    stored.__dict__ = {name: value for name, value in vars(job).items() if not name.startswith("_")}
    return stored


def ended(row: Row, job: Job, now: datetime) -> Row:
    job_then = copy.copy(row.job)
    for name in (
        "status",
        "retry_count",
        "next_retry_at",
        "completed_at",
        "error",
        "result",
        "attempts",
        "parked_since",
    ):
        setattr(job_then, name, getattr(job, name))
    return Row(job_then, row.fair_at, now, None, row.version + 1)


def view_of(row: Row) -> JobView:
    job = row.job
    return JobView(
        id=job.id,
        status=job.status,
        pipeline=job.pipeline.value,
        prompt=job.prompt,
        config_name=job.config_name,
        template_name=job.template_name,
        result=storable(job.result.text) if job.result else None,
        error=_public_error(job),
        agent_type=job.result.agent_type if job.result else None,
        answered_by=job.result.config_name if job.result else None,
        usage=_usage(job),
        retry_count=job.retry_count,
        max_retries=job.max_retries,
        next_retry_at=job.next_retry_at,
        metadata=dict(job.metadata),
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def _public_error(job: Job) -> dict[str, object] | None:
    error = job.error
    if error is None:
        return None
    return {"code": error.code, "message": storable(error.message), "retryable": error.retryable}


def _usage(job: Job) -> dict[str, object] | None:
    result = job.result
    if result is None or result.input_tokens is None or result.output_tokens is None:
        return None
    return {
        "input_tokens": result.input_tokens,
        "output_tokens": result.output_tokens,
        "total_tokens": result.input_tokens + result.output_tokens,
        "cost_usd": None if result.cost_usd is None else float(result.cost_usd),
    }


def storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
