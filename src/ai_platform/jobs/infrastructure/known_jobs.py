"""One job that somebody decides about, locked, inside one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Interval, Uuid

from ai_platform.jobs.domain.job import Job, JobStatus
from ai_platform.jobs.infrastructure.following import Changed, nobody_follows
from ai_platform.jobs.infrastructure.intake import FAIR_COST
from ai_platform.jobs.infrastructure.notices import notices_of
from ai_platform.jobs.infrastructure.rows import consequences_of, decision_row, stored_job
from ai_platform.runtime import dead_letters, outbox, webhooks
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Entry
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics

_FIND = text(
    """
    SELECT *, EXISTS (SELECT FROM watched_jobs WHERE job_id = jobs.id AND until > now()) AS is_watched
    FROM jobs WHERE id = :id AND (:tenant IS NULL OR tenant_id = :tenant) FOR UPDATE
    """
).bindparams(bindparam("tenant", type_=Uuid()))
_SAVE = text(
    """
    WITH saved AS (
        UPDATE jobs SET status = decided.status, retry_count = decided.retry_count,
            next_retry_at = decided.next_retry_at, started_at = decided.started_at,
            completed_at = decided.completed_at, error = decided.error, parked_since = decided.parked_since,
            fair_at = CASE decided.status WHEN 'QUEUED' THEN greatest(now(), (
                SELECT ahead.fair_at + :cost FROM jobs AS ahead
                WHERE ahead.tenant_id = jobs.tenant_id AND ahead.priority = jobs.priority AND ahead.status = 'QUEUED'
                ORDER BY ahead.fair_at DESC LIMIT 1
            )) ELSE jobs.fair_at END,
            lease_expires_at = NULL, updated_at = now(), version = version + 1
        FROM jsonb_to_record(:decision) AS decided (
            id uuid, status text, retry_count smallint, next_retry_at timestamptz, started_at timestamptz,
            completed_at timestamptz, error jsonb, parked_since timestamptz,
            event_type text, event_at timestamptz, event_data jsonb
        )
        WHERE jobs.id = decided.id
        RETURNING jobs.id, jobs.tenant_id, decided.event_type, decided.event_at, decided.event_data
    )
    INSERT INTO job_events (tenant_id, job_id, type, at, data)
    SELECT tenant_id, id, event_type, event_at, event_data FROM saved
    """
).bindparams(bindparam("decision", type_=JSONB), bindparam("cost", type_=Interval()))
"""A job that is queued again stands behind its tenant's last one, like a new submission."""


class PostgresKnownJobs:
    """Implements `KnownJobs`: those of one tenant, or of all for None."""

    def __init__(self, connection: AsyncConnection, tenant_id: UUID | None, task_queue: str) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._task_queue = task_queue
        self.entries: list[Entry] = []
        self.saved: list[Job] = []

    async def find(self, job_id: UUID) -> Job | None:
        wanted = {"id": job_id, "tenant": self._tenant_id}
        row = (await self._connection.execute(_FIND, wanted)).one_or_none()
        return None if row is None else stored_job(row)

    async def save(self, job: Job) -> None:
        consequences = consequences_of(job, self._task_queue)
        decision: dict[str, Any] = decision_row(job) | consequences.event_columns()
        await self._connection.execute(_SAVE, {"decision": decision, "cost": FAIR_COST})
        if job.status is JobStatus.QUEUED:
            await dead_letters.resolve(self._connection, job.id)
        await outbox.write(self._connection, consequences.entries)
        await webhooks.write(self._connection, await notices_of(self._connection, [job]))
        self.entries += consequences.entries
        self.saved.append(job)


class KnownJobsTransactions:
    """Implements `Transactions[KnownJobs]`."""

    def __init__(
        self,
        database: Database,
        relay: Relay,
        *,
        task_queue: str,
        metrics: Metrics,
        changed: Changed = nobody_follows,
    ) -> None:
        self._database = database
        self._relay = relay
        self._task_queue = task_queue
        self._metrics = metrics
        self._changed = changed

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[PostgresKnownJobs]:
        async with self._database.transaction(tenant_id) as connection:
            jobs = PostgresKnownJobs(connection, tenant_id, self._task_queue)
            yield jobs
        self._relay.take(jobs.entries)
        for job in jobs.saved:
            self._changed(job.id)
            if job.status is JobStatus.CANCELLED:
                self._metrics.jobs_processed.labels(job.status.value).inc()
