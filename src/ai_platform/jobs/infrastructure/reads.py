"""Jobs as they are shown: SELECT into view records."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select

from ai_platform.jobs.application.ports import JobFilter, JobView
from ai_platform.jobs.domain.job import JobStatus
from ai_platform.jobs.infrastructure.tables import jobs
from ai_platform.runtime.db import Database

_UNSEEN = {"tenant_id", "fair_at", "lease_expires_at", "variables", "context", "trace", "attempts"}
SHOWN = [column for column in jobs.c if column.name not in _UNSEEN]

_ONE = select(*SHOWN).where(jobs.c.tenant_id == bindparam("tenant"), jobs.c.id == bindparam("job"))
"""Built once: building and comparing it costs more than PostgreSQL needs to answer it."""


class PostgresReads:
    """Implements `JobReads`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant_id: UUID, job_id: UUID) -> JobView | None:
        async with self._database.transaction(tenant_id) as connection:
            row = (await connection.execute(_ONE, {"tenant": tenant_id, "job": job_id})).one_or_none()
        return None if row is None else view_of(row)

    async def page(self, tenant_id: UUID, where: JobFilter, *, before: UUID | None, limit: int) -> Sequence[JobView]:
        query = select(*SHOWN).where(jobs.c.tenant_id == tenant_id).order_by(jobs.c.id.desc()).limit(limit)
        if where.status is not None:
            query = query.where(jobs.c.status == where.status.value)
        if where.config_name is not None:
            query = query.where(jobs.c.config_name == where.config_name)
        if before is not None:
            query = query.where(jobs.c.id < before)
        async with self._database.transaction(tenant_id, picky=True) as connection:
            return [view_of(row) for row in await connection.execute(query)]


def view_of(row: Row[Any]) -> JobView:
    return JobView(
        id=row.id,
        status=JobStatus(row.status),
        pipeline=row.pipeline,
        prompt=row.prompt,
        config_name=row.config_name,
        template_name=row.template_name,
        result=row.result,
        error=_public_error(row.error),
        agent_type=row.agent_type,
        answered_by=row.answered_by,
        usage=_usage(row),
        retry_count=row.retry_count,
        max_retries=row.max_retries,
        next_retry_at=row.next_retry_at,
        metadata=row.metadata,
        created_at=row.created_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def _public_error(error: dict[str, Any] | None) -> dict[str, Any] | None:
    return error and {key: error[key] for key in ("code", "message", "retryable")}


def _usage(row: Row[Any]) -> dict[str, Any] | None:
    if row.input_tokens is None or row.output_tokens is None:
        return None
    return {
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "total_tokens": row.input_tokens + row.output_tokens,
        "cost_usd": None if row.cost_usd is None else float(row.cost_usd),
    }
