"""Claiming jobs and writing how their attempts ended, many in one transaction."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, suppress
from functools import partial
from itertools import compress
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Interval

from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.infrastructure.following import Changed, nobody_follows
from ai_platform.jobs.infrastructure.intake import FAIR_COST
from ai_platform.jobs.infrastructure.leases import renewing
from ai_platform.jobs.infrastructure.rows import PIPELINES, stored_job
from ai_platform.jobs.infrastructure.settling import Ending, settle
from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.batching import Batcher, KeyedBatchers
from ai_platform.runtime.claims import Claim, ClaimLost, Heartbeat
from ai_platform.runtime.db import Database
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.spans import NO_SPANS, Kind, Span, Spans, Value
from ai_platform.runtime.telemetry import Metrics

_log = get_logger(__name__)

OFFERED_AT_ONCE: Final = 500
_DATABASE_AWAY_PAUSE: Final = 0.5

_OFFER_DUE_RETRIES = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id, tenant_id, priority, next_retry_at FROM jobs WHERE status = 'RETRYING' AND next_retry_at <= now()
        ORDER BY next_retry_at LIMIT :most FOR UPDATE SKIP LOCKED
    ), turn AS (
        SELECT id, row_number() OVER (PARTITION BY tenant_id, priority ORDER BY next_retry_at, id) - 1 AS ahead FROM due
    ), offered AS (
        UPDATE jobs SET status = 'QUEUED', next_retry_at = NULL, fair_at = now() + turn.ahead * :cost,
            updated_at = now(), version = version + 1
        FROM turn WHERE jobs.id = turn.id
        RETURNING jobs.id, jobs.tenant_id
    ), told AS (
        INSERT INTO job_events (tenant_id, job_id, type, at, data)
        SELECT tenant_id, id, 'job.queued', now(), '{}' FROM offered
    )
    SELECT id FROM offered WHERE EXISTS (SELECT FROM watched_jobs WHERE job_id = offered.id AND until > now())
    """
).bindparams(bindparam("cost", type_=Interval()))
_CLAIM = text(
    """
    WITH turn AS MATERIALIZED (
        SELECT id FROM jobs WHERE status = 'QUEUED' AND pipeline = ANY(:pipelines)
        ORDER BY priority, fair_at, id LIMIT :most FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE jobs SET status = 'PROCESSING', attempt = attempt + 1, updated_at = now(), version = version + 1,
            lease_expires_at = now() + make_interval(secs => :lease), started_at = coalesce(started_at, now())
        FROM turn WHERE jobs.id = turn.id
        RETURNING jobs.*
    ), told AS (
        INSERT INTO job_events (tenant_id, job_id, type, at, data)
        SELECT tenant_id, id, 'job.started', now(), jsonb_build_object('attempt', attempt) FROM claimed
    )
    SELECT *, EXISTS (SELECT FROM watched_jobs WHERE job_id = claimed.id AND until > now()) AS is_watched FROM claimed
    """
)
# MATERIALIZED: as a plain subquery it may be run once a row, and then takes more than `most`.


class PostgresClaims:
    """Implements `JobClaims`."""

    def __init__(
        self,
        database: Database,
        relay: Relay,
        *,
        task_queue: str,
        lease_seconds: float,
        metrics: Metrics,
        spans: Spans = NO_SPANS,
        changed: Changed = nobody_follows,
        webhooks_due: asyncio.Event | None = None,
    ) -> None:
        self._database = database
        self._relay = relay
        self._task_queue = task_queue
        self._lease = lease_seconds
        self._metrics = metrics
        self._spans = spans
        self._changed = changed
        self._webhooks_due = webhooks_due or asyncio.Event()
        self._claimants: Batcher[None, Job | None] = Batcher(self._claim_for)
        self._offers: Batcher[None, None] = Batcher(self._offer_due, limit=OFFERED_AT_ONCE)
        self._endings: KeyedBatchers[UUID, Ending, bool] = KeyedBatchers(self._settle_all)
        self.heartbeat = Heartbeat(partial(renewing, database, lease_seconds))

    async def next(self) -> Job | None:
        return await self._claimants(None)

    @asynccontextmanager
    async def holding(self, job: Job) -> AsyncIterator[None]:
        began = time.monotonic()
        try:
            with suppress(ClaimLost), self._span(job) as span:
                async with self.heartbeat.holding(Claim(job.id, job.attempt)):
                    yield
                span.tell({"job.status": job.status.value})
                _log.debug("attempt_ended", job_id=str(job.id), attempt=job.attempt, status=job.status.value)
        finally:
            self._metrics.job_processing_duration.observe(time.monotonic() - began)

    def _span(self, job: Job) -> AbstractContextManager[Span]:
        told: dict[str, Value] = {
            "job.id": str(job.id),
            "job.attempt": job.attempt,
            "job.pipeline": job.pipeline.value,
            "job.config_name": job.config_name,
        }
        return self._spans.continued(job.trace, f"job {job.pipeline.value}", kind=Kind.CONSUMER, attributes=told)

    async def settle(self, job: Job) -> bool:
        ended = Ending(job, self._task_queue)
        while True:
            try:
                return await self._endings(job.tenant_id, ended)
            except Unavailable:
                await asyncio.sleep(_DATABASE_AWAY_PAUSE)

    async def offer_due_retries(self) -> None:
        """Those who ask together share one transaction: each retry that comes due asks, often hundreds at once."""
        await self._offers(None)

    async def idle(self) -> None:
        """Returns when nothing is being offered, claimed or settled."""
        await self._offers.idle()
        await self._claimants.idle()
        await self._endings.idle()

    async def _offer_due(self, asked: Sequence[None]) -> Sequence[None]:
        parameters = {"most": OFFERED_AT_ONCE, "cost": FAIR_COST}
        async with self._database.transaction(None) as connection:
            watched = (await connection.execute(_OFFER_DUE_RETRIES, parameters)).scalars().all()
        for job_id in watched:
            self._changed(job_id)
        return asked

    async def _claim_for(self, claimants: Sequence[None]) -> list[Job | None]:
        parameters: dict[str, Any] = {"most": len(claimants), "lease": self._lease, "pipelines": PIPELINES}
        async with self._database.lone() as connection:
            rows = (await connection.execute(_CLAIM, parameters)).all()
        claimed = [stored_job(row) for row in rows]
        for job in claimed:
            if job.is_watched:
                self._changed(job.id)
            if job.attempt == 1 and job.started_at:
                self._metrics.job_queue_wait.observe((job.started_at - job.created_at).total_seconds())
        return [*claimed, *[None] * (len(claimants) - len(claimed))]

    def _writing(self, batch: Sequence[Ending]) -> AbstractAsyncContextManager[AsyncConnection]:
        if all(ending.is_one_statement for ending in batch):
            return self._database.lone()
        return self._database.transaction(batch[0].job.tenant_id)

    async def _settle_all(self, batch: Sequence[Ending]) -> list[bool]:
        """All of one tenant: what fails of one has not been committed for another."""
        async with self._writing(batch) as connection:
            settled = await settle(connection, batch)
        self._relay.take(settled.entries)
        if settled.owes_webhooks:
            self._webhooks_due.set()
        for claim in settled.claims:
            self._changed(claim.id)
        ours = [ending.claim in settled.claims for ending in batch]
        for ending in compress(batch, ours):
            self._metrics.jobs_processed.labels(ending.job.status.value).inc()
        return ours
