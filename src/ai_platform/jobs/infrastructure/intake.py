"""Accepting jobs: one transaction for all that arrive together for one tenant, under its row security."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Interval, SmallInteger, Uuid

from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.infrastructure.rows import consequences_of, new_row
from ai_platform.runtime import outbox
from ai_platform.runtime.batching import Batcher
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Entry
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics

FAIR_COST: Final = timedelta(seconds=1)
"""Virtual seconds that one job advances its tenant's place in the queue: a tenant that keeps many waiting
does not delay another's single job, whatever the real pace is."""

_ACCEPT = text(
    """
    WITH accepted AS (
    INSERT INTO jobs (id, tenant_id, status, pipeline, priority, fair_at, prompt, config_name, template_name,
        variables, context, metadata, template_named, needs_moderation, callback_url, stream, timeout_seconds,
        max_retries, trace, created_at)
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
    )
    INSERT INTO job_events (tenant_id, job_id, type, at, data)
    SELECT :tenant_id, id, 'job.queued', created_at, '{}' FROM accepted
    """
).bindparams(
    bindparam("jobs", type_=JSONB),
    bindparam("tenant_id", type_=Uuid()),
    bindparam("cost", type_=Interval()),
    bindparam("priorities", type_=ARRAY(SmallInteger)),
)
"""Each job stands behind its tenant's last one of the same priority, but never in the past."""


_Accepted = tuple[Job, list[Entry]]


class PostgresIntake:
    """Implements `JobIntake`. A batch is of one tenant: what fails of one has not been committed for another."""

    def __init__(self, database: Database, relay: Relay, *, task_queue: str, metrics: Metrics) -> None:
        self._database = database
        self._relay = relay
        self._task_queue = task_queue
        self._metrics = metrics
        self._batches: defaultdict[UUID, Batcher[_Accepted, None]] = defaultdict(lambda: Batcher(self._accept_all))

    async def accept(self, job: Job) -> None:
        await self._batches[job.tenant_id]((job, consequences_of(job, self._task_queue).entries))

    async def _accept_all(self, batch: Sequence[_Accepted]) -> list[None]:
        jobs, entries = [job for job, _ in batch], [entry for _, own in batch for entry in own]
        tenant_id = jobs[0].tenant_id
        async with self._database.transaction(tenant_id) as connection:
            parameters = {
                "tenant_id": tenant_id,
                "cost": FAIR_COST,
                "priorities": sorted({job.priority.value for job in jobs}),
                "jobs": [new_row(job) for job in jobs],
            }
            await connection.execute(_ACCEPT, parameters)
            await outbox.write(connection, entries)
        self._relay.take(entries)
        self._metrics.jobs_submitted.inc(len(batch))
        return [None] * len(batch)
