"""Jobs whose claim ran out, inside one transaction over all tenants."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.infrastructure.claims import SETTLE
from ai_platform.jobs.infrastructure.rows import PIPELINES, claimed_job, entries_of, outcome_row
from ai_platform.runtime import outbox
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Entry
from ai_platform.runtime.relay import Relay

_LOST = text(
    """
    SELECT * FROM jobs WHERE status = 'PROCESSING' AND lease_expires_at < now() AND pipeline = ANY(:pipelines)
    ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
    """
)


class PostgresLostJobs:
    """Implements `LostJobs`."""

    def __init__(self, connection: AsyncConnection, task_queue: str) -> None:
        self._connection = connection
        self._task_queue = task_queue
        self.entries: list[Entry] = []

    async def take(self, most: int) -> Sequence[Job]:
        rows = await self._connection.execute(_LOST, {"most": most, "pipelines": PIPELINES})
        return [claimed_job(row) for row in rows]

    async def save(self, job: Job) -> None:
        await self._connection.execute(SETTLE, {"outcomes": [outcome_row(job)]})
        self.entries += entries_of(job, self._task_queue)


class LostJobsTransactions:
    """Implements `Transactions[LostJobs]`."""

    def __init__(self, database: Database, relay: Relay, *, task_queue: str) -> None:
        self._database = database
        self._relay = relay
        self._task_queue = task_queue

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[PostgresLostJobs]:
        async with self._database.transaction(tenant_id) as connection:
            lost = PostgresLostJobs(connection, self._task_queue)
            yield lost
            await outbox.write(connection, lost.entries)
        self._relay.take(lost.entries)
