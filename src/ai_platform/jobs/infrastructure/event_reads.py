"""What is recorded of a job, in one statement: its events and whether it had ended belong to one moment."""

from uuid import UUID

from sqlalchemy import text

from ai_platform.jobs.application.ports import JobHistory, RecordedEvent
from ai_platform.jobs.domain.job import TERMINAL, JobStatus
from ai_platform.runtime.db import Database

_AFTER = text(
    """
    SELECT jobs.status, event.id, event.type, event.at, event.data
    FROM jobs LEFT JOIN job_events AS event ON event.job_id = jobs.id AND event.id > :after
    WHERE jobs.tenant_id = :tenant AND jobs.id = :job
    ORDER BY event.id
    """
)


class PostgresEventReads:
    """Implements `JobEventReads`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, tenant_id: UUID, job_id: UUID, event_id: int) -> JobHistory | None:
        wanted = {"tenant": tenant_id, "job": job_id, "after": event_id}
        async with self._database.transaction(tenant_id) as connection:
            rows = (await connection.execute(_AFTER, wanted)).all()
        if not rows:
            return None
        events = [
            RecordedEvent(id=row.id, type=row.type, at=row.at, data=row.data) for row in rows if row.id is not None
        ]
        return JobHistory(events, has_ended=JobStatus(rows[0].status) in TERMINAL)
