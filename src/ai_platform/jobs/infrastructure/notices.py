"""What is told to a job's `callback_url` when the job has ended (Standard Webhooks: type, timestamp, data)."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Uuid

from ai_platform.jobs.application.history import CANCELLED, COMPLETED, FAILED
from ai_platform.jobs.application.ports import JobView
from ai_platform.jobs.domain.job import TERMINAL, Job, JobStatus
from ai_platform.jobs.infrastructure.reads import SHOWN, view_of
from ai_platform.jobs.infrastructure.tables import jobs as jobs_table
from ai_platform.kernel.ids import new_id
from ai_platform.runtime.webhooks import WebhookDelivery

_TYPES = {JobStatus.COMPLETED: COMPLETED, JobStatus.FAILED: FAILED, JobStatus.CANCELLED: CANCELLED}
_UNTOLD = {"id", "prompt", "answered_by"}
_ENDED = select(*SHOWN).where(jobs_table.c.id == func.any(bindparam("ids", type_=ARRAY(Uuid()))))


def owes_notice(job: Job) -> bool:
    """Whether it has ended and names a callback."""
    return job.callback_url is not None and job.status in TERMINAL


async def notices_of(connection: AsyncConnection, jobs: Sequence[Job]) -> list[WebhookDelivery]:
    """One for each job that owes one. They tell what this transaction has made of the rows."""
    ended = {job.id: job for job in jobs if owes_notice(job)}
    if not ended:
        return []
    rows = await connection.execute(_ENDED, {"ids": list(ended)})
    return [_notice(ended[row.id], view_of(row)) for row in rows]


def _notice(job: Job, view: JobView) -> WebhookDelivery:
    assert job.callback_url is not None  # noqa: S101 - only those are told
    return WebhookDelivery(
        id=new_id(),
        tenant_id=job.tenant_id,
        subject_id=job.id,
        type=_TYPES[view.status],
        url=job.callback_url,
        payload={
            "type": _TYPES[view.status],
            "timestamp": _plain(view.completed_at),
            "data": {"job_id": str(job.id)}
            | {name: _plain(value) for name, value in asdict(view).items() if name not in _UNTOLD},
        },
        headers=dict(job.trace),
    )


def _plain(value: Any) -> Any:
    """As JSON, like `GET /v1/jobs/{id}` shows it."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case UUID():
            return str(value)
        case _:
            return value
