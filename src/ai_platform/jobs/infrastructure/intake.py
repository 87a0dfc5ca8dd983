"""Accepting jobs: one transaction for all that arrive together, each tenant under its own row security."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import SmallInteger

from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.infrastructure.rows import entries_of, new_row
from ai_platform.jobs.infrastructure.tables import jobs
from ai_platform.runtime import outbox
from ai_platform.runtime.batching import Batcher
from ai_platform.runtime.db import Database
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics

FAIR_COST: Final = timedelta(seconds=1)
"""Virtual seconds that one job advances its tenant's place in the queue: a tenant that keeps many waiting
does not delay another's single job, whatever the real pace is."""

_INSERT = insert(jobs)
_LAST_PLACES = text(
    """
    SELECT wanted.priority, now() AS now, (
        SELECT fair_at FROM jobs
        WHERE tenant_id = :tenant_id AND priority = wanted.priority AND status = 'QUEUED'
        ORDER BY fair_at DESC LIMIT 1
    ) AS last
    FROM unnest(:priorities) AS wanted (priority)
    """
).bindparams(bindparam("priorities", type_=ARRAY(SmallInteger)))


class PostgresIntake:
    """Implements `JobIntake`."""

    def __init__(self, database: Database, relay: Relay, *, task_queue: str, metrics: Metrics) -> None:
        self._database = database
        self._relay = relay
        self._task_queue = task_queue
        self._metrics = metrics
        self._batches: Batcher[Job, None] = Batcher(self._accept_all, parallel=2)

    async def accept(self, job: Job) -> None:
        await self._batches(job)

    async def _accept_all(self, batch: Sequence[Job]) -> list[None]:
        by_tenant: dict[UUID, list[Job]] = defaultdict(list)
        for job in batch:
            by_tenant[job.tenant_id].append(job)
        for tenant_id, own in by_tenant.items():
            await self._accept_of_tenant(tenant_id, own)
        return [None] * len(batch)

    async def _accept_of_tenant(self, tenant_id: UUID, batch: Sequence[Job]) -> None:
        async with self._database.transaction(tenant_id) as connection:
            places = await self._places(connection, tenant_id, batch)
            await connection.execute(_INSERT, [new_row(job, at) for job, at in zip(batch, places, strict=True)])
            entries = [entry for job in batch for entry in entries_of(job, self._task_queue)]
            await outbox.write(connection, entries)
        self._relay.take(entries)
        self._metrics.jobs_submitted.inc(len(batch))

    async def _places(self, connection: AsyncConnection, tenant_id: UUID, batch: Sequence[Job]) -> list[datetime]:
        """Each job's `fair_at`: behind its tenant's last one of the same priority, but never in the past."""
        priorities = sorted({job.priority.value for job in batch})
        rows = await connection.execute(_LAST_PLACES, {"tenant_id": tenant_id, "priorities": priorities})
        next_place = {row.priority: max(row.now, row.last + FAIR_COST) if row.last else row.now for row in rows}
        places: list[datetime] = []
        for job in batch:
            places.append(next_place[job.priority.value])
            next_place[job.priority.value] += FAIR_COST
        return places
