"""Jobs whose claim ran out, inside one transaction over all tenants."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.infrastructure.following import Changed, nobody_follows
from ai_platform.jobs.infrastructure.rows import PIPELINES, stored_job
from ai_platform.jobs.infrastructure.settling import Ending, Settled, settle
from ai_platform.runtime.db import Database
from ai_platform.runtime.relay import Relay

_LOST = text(
    """
    SELECT *, EXISTS (SELECT FROM watched_jobs WHERE job_id = jobs.id AND until > now()) AS is_watched FROM jobs
    WHERE status = 'PROCESSING' AND lease_expires_at < now() AND pipeline = ANY(:pipelines)
    ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
    """
)


class PostgresLostJobs:
    """Implements `LostJobs`."""

    def __init__(self, connection: AsyncConnection, task_queue: str) -> None:
        self._connection = connection
        self._task_queue = task_queue
        self.endings: list[Ending] = []

    async def take(self, most: int) -> Sequence[Job]:
        rows = await self._connection.execute(_LOST, {"most": most, "pipelines": PIPELINES})
        return [stored_job(row) for row in rows]

    async def save(self, job: Job) -> None:
        self.endings.append(Ending(job, self._task_queue))

    async def written(self) -> Settled:
        return await settle(self._connection, self.endings)


class LostJobsTransactions:
    """Implements `Transactions[LostJobs]`."""

    def __init__(self, database: Database, relay: Relay, *, task_queue: str, changed: Changed = nobody_follows) -> None:
        self._database = database
        self._relay = relay
        self._task_queue = task_queue
        self._changed = changed

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[PostgresLostJobs]:
        async with self._database.transaction(tenant_id) as connection:
            lost = PostgresLostJobs(connection, self._task_queue)
            yield lost
            settled = await lost.written() if lost.endings else None
        if settled is not None:
            self._relay.take(settled.entries)
            for claim in settled.claims:
                self._changed(claim.id)
