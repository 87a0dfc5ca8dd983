"""The delivery log of a job: SELECT into view records."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from ai_platform.jobs.application.ports import WebhookView
from ai_platform.jobs.infrastructure.tables import jobs
from ai_platform.runtime.db import Database
from ai_platform.runtime.webhooks import webhook_deliveries as deliveries


class PostgresWebhookLog:
    """Implements `WebhookLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_job(self, tenant_id: UUID, job_id: UUID) -> Sequence[WebhookView] | None:
        own = select(jobs.c.id).where(jobs.c.tenant_id == tenant_id, jobs.c.id == job_id)
        told = select(deliveries).where(deliveries.c.tenant_id == tenant_id, deliveries.c.subject_id == job_id)
        async with self._database.transaction(tenant_id) as connection:
            if await connection.scalar(own) is None:
                return None
            return [_view(row) for row in await connection.execute(told.order_by(deliveries.c.id.desc()).limit(200))]


def _view(row: Row[Any]) -> WebhookView:
    return WebhookView(
        id=row.id,
        type=row.type,
        url=row.url,
        status=row.status,
        tries=row.tries,
        due_at=row.due_at if row.status == "pending" else None,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )
