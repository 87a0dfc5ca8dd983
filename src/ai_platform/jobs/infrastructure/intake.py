"""Accepting jobs: one transaction for all that arrive together for one tenant, under its row security."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Interval, SmallInteger, Uuid

from ai_platform.jobs.application.ports import Accepted
from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.infrastructure.queue_room import QueueRoom
from ai_platform.jobs.infrastructure.rows import consequences_of, new_row
from ai_platform.kernel.once import Once
from ai_platform.runtime import idempotency, outbox
from ai_platform.runtime.batching import KeyedBatchers
from ai_platform.runtime.bus import Json
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Entry
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics

FAIR_COST: Final = timedelta(seconds=1)
"""Virtual seconds that one job advances its tenant's place in the queue: a tenant that keeps many waiting
does not delay another's single job, whatever the real pace is."""

_ACCEPT = outbox.adding(
    """
    WITH accepted AS (INSERT INTO jobs (id, tenant_id, status, pipeline, priority, fair_at, prompt, config_name,
        template_name, variables, context, metadata, template_named, needs_moderation, callback_url, stream,
        timeout_seconds, max_retries, trace, created_at)
    SELECT given.id, :tenant_id, 'QUEUED', given.pipeline, given.priority,
        place.first + :cost * (row_number() OVER (PARTITION BY given.priority ORDER BY given.id) - 1),
        given.prompt, given.config_name, given.template_name, given.variables, given.context, given.metadata,
        given.template_named, given.needs_moderation, given.callback_url, given.stream, given.timeout_seconds,
        given.max_retries, given.trace, given.created_at
    FROM jsonb_to_recordset(:jobs) AS given (
        id uuid, pipeline text, priority smallint, prompt text, config_name text, template_name text, variables jsonb,
        context jsonb, metadata jsonb, template_named boolean, needs_moderation boolean, callback_url text,
        stream boolean, timeout_seconds float, max_retries smallint, trace jsonb, created_at timestamptz
    )
    JOIN (
        SELECT wanted.priority, greatest(now(), (
            SELECT fair_at + :cost FROM jobs
            WHERE tenant_id = :tenant_id AND priority = wanted.priority AND status = 'QUEUED'
            ORDER BY fair_at DESC LIMIT 1
        )) AS first
        FROM unnest(:priorities) AS wanted (priority)
    ) AS place USING (priority)
    RETURNING id, created_at
    ), told AS (
        INSERT INTO job_events (tenant_id, job_id, type, at, data)
        SELECT :tenant_id, id, 'job.queued', created_at, '{}' FROM accepted
    )
    {outbox}
    """
).bindparams(
    bindparam("jobs", type_=JSONB),
    bindparam("tenant_id", type_=Uuid()),
    bindparam("cost", type_=Interval()),
    bindparam("priorities", type_=ARRAY(SmallInteger)),
)
"""Each job stands behind its tenant's last one of the same priority, but never in the past."""


_Arrival = tuple[Job, list[Entry]]
"""A job with its wake-up: the events are taken once, however often the write is tried."""


class PostgresIntake:
    """Implements `JobIntake`. A batch is of one tenant: what fails of one has not been committed for another."""

    def __init__(
        self, database: Database, relay: Relay, *, task_queue: str, queue_limit: int, metrics: Metrics
    ) -> None:
        self._database = database
        self._relay = relay
        self._task_queue = task_queue
        self._metrics = metrics
        self._room = QueueRoom(database, queue_limit)
        self._batches: KeyedBatchers[UUID, _Arrival, None] = KeyedBatchers(self._accept_all)

    async def accept(self, job: Job) -> None:
        await self._room.take(job.tenant_id, 1)
        await self._batches(job.tenant_id, self._arrival(job))

    async def idle(self) -> None:
        """Returns when nothing is being accepted."""
        await self._batches.idle()

    async def accept_together(self, jobs: Sequence[Job], once: Once | None) -> Accepted:
        tenant_id, arrivals = jobs[0].tenant_id, [self._arrival(job) for job in jobs]
        await self._room.take(tenant_id, len(jobs))
        accepted = Accepted(tuple(job.id for job in jobs))
        async with self._database.transaction(tenant_id) as connection:
            if once is not None and (answer := await idempotency.begin(connection, tenant_id, once)) is not None:
                return _replayed(answer)
            entries = await _write(connection, arrivals)
            if once is not None:
                await idempotency.keep(connection, tenant_id, once, {"job_ids": [str(job.id) for job in jobs]})
        self._told(entries, len(jobs))
        return accepted

    async def earlier(self, tenant_id: UUID, once: Once) -> Accepted | None:
        async with self._database.transaction(tenant_id) as connection:
            answer = await idempotency.first_answer(connection, tenant_id, once)
        return None if answer is None else _replayed(answer)

    async def _accept_all(self, batch: Sequence[_Arrival]) -> list[None]:
        async with self._database.transaction(batch[0][0].tenant_id) as connection:
            entries = await _write(connection, batch)
        self._told(entries, len(batch))
        return [None] * len(batch)

    def _arrival(self, job: Job) -> _Arrival:
        return job, consequences_of(job, self._task_queue).entries

    def _told(self, entries: Sequence[Entry], jobs: int) -> None:
        self._relay.take(entries)
        self._metrics.jobs_submitted.inc(jobs)


async def _write(connection: AsyncConnection, batch: Sequence[_Arrival]) -> list[Entry]:
    jobs, entries = [job for job, _ in batch], [entry for _, own in batch for entry in own]
    parameters = {
        "tenant_id": jobs[0].tenant_id,
        "cost": FAIR_COST,
        "priorities": sorted({job.priority.value for job in jobs}),
        "jobs": [new_row(job) for job in jobs],
    }
    await connection.execute(_ACCEPT, parameters | outbox.added(entries))
    return entries


def _replayed(answer: Json) -> Accepted:
    return Accepted(tuple(UUID(job_id) for job_id in answer["job_ids"]), is_replay=True)
