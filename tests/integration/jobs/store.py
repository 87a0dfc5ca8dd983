"""The job store on PostgreSQL, with what tests do behind its back."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import UUID

import asyncpg
from sqlalchemy.exc import DBAPIError

from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.infrastructure.claims import PostgresClaims
from ai_platform.jobs.infrastructure.intake import PostgresIntake
from ai_platform.jobs.infrastructure.known_jobs import KnownJobsTransactions
from ai_platform.jobs.infrastructure.lost_jobs import LostJobsTransactions
from ai_platform.jobs.infrastructure.reads import PostgresReads
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.bus import QueueSpec
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Outbox
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics
from tests.unit.jobs.builders import OTHER_TENANT
from tests.unit.jobs.job_store import LEASE, Called, Sent, Told

QUEUE = "ai_tasks"

_FAIL_AT_COMMIT = """
CREATE SEQUENCE commits;
CREATE FUNCTION fail_at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_ARGV[0]::int = 0 OR nextval('commits') <= TG_ARGV[0]::int THEN
        RAISE EXCEPTION 'told to fail' USING ERRCODE = TG_ARGV[1];
    END IF;
    RETURN NULL;
END $$;
"""
_COMMIT_AGAIN = "DROP TRIGGER fail_at_commit ON outbox; DROP FUNCTION fail_at_commit; DROP SEQUENCE commits"
_EMPTY = """
TRUNCATE jobs, outbox, job_events, idempotency_keys, dead_letters, webhook_deliveries;
DELETE FROM tenants WHERE id <> '{}';
INSERT INTO tenants (id, name) VALUES ('{}', 'other')
"""
_PASS_TIME = """
UPDATE jobs SET fair_at = fair_at - $1::interval, lease_expires_at = lease_expires_at - $1::interval,
    next_retry_at = next_retry_at - $1::interval
"""
_PASS_DAY = "UPDATE idempotency_keys SET created_at = created_at - $1::interval"


@dataclass
class PostgresJobStore:
    """One process's view of the store: a worker and a gateway at once, whose relay publishes nothing."""

    database: Database
    queue_limit: int = 1000
    followed: list[UUID] = field(default_factory=list)

    @property
    def refusal(self) -> tuple[type[Exception], ...]:
        return DBAPIError, asyncpg.PostgresError

    @cached_property
    def metrics(self) -> Metrics:
        return Metrics()

    @cached_property
    def relay(self) -> Relay:
        return Relay(Outbox(self.database), EmbeddedBus(self.database, [QueueSpec(name=QUEUE)]))

    @cached_property
    def intake(self) -> PostgresIntake:
        return PostgresIntake(
            self.database, self.relay, task_queue=QUEUE, queue_limit=self.queue_limit, metrics=self.metrics
        )

    @cached_property
    def claims(self) -> PostgresClaims:
        return PostgresClaims(
            self.database,
            self.relay,
            task_queue=QUEUE,
            lease_seconds=LEASE,
            metrics=self.metrics,
            changed=self.followed.append,
        )

    @cached_property
    def lost_jobs(self) -> LostJobsTransactions:
        return LostJobsTransactions(self.database, self.relay, task_queue=QUEUE, changed=self.followed.append)

    @cached_property
    def known_jobs(self) -> KnownJobsTransactions:
        return KnownJobsTransactions(
            self.database, self.relay, task_queue=QUEUE, metrics=self.metrics, changed=self.followed.append
        )

    @cached_property
    def reads(self) -> PostgresReads:
        return PostgresReads(self.database)

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def passes(self, seconds: float) -> None:
        """Everything that was set is so much longer ago."""
        await self.as_owner(_PASS_TIME, timedelta(seconds=seconds))
        await self.as_owner(_PASS_DAY, timedelta(seconds=seconds))

    async def sent(self) -> list[Sent]:
        rows = await self.as_owner("SELECT type, body::text, headers::text, available_at FROM outbox ORDER BY id")
        return [
            Sent(row["type"], json.loads(row["body"]), json.loads(row["headers"]), row["available_at"]) for row in rows
        ]

    async def told(self, job: Job) -> list[Told]:
        rows = await self.as_owner("SELECT type, data::text FROM job_events WHERE job_id = $1 ORDER BY id", job.id)
        return [Told(row["type"], json.loads(row["data"])) for row in rows]

    async def dead_letter(self, job: Job) -> tuple[str, list[int]] | None:
        rows = await self.as_owner(
            "SELECT code, attempts::text FROM dead_letters WHERE subject_id = $1 AND replayed_at IS NULL", job.id
        )
        found = [(row["code"], [one["attempt"] for one in json.loads(row["attempts"])]) for row in rows]
        return found[0] if found else None

    async def callbacks(self) -> list[Called]:
        rows = await self.as_owner("SELECT url, type, payload::text FROM webhook_deliveries ORDER BY id")
        payloads = [(row["url"], row["type"], json.loads(row["payload"])["data"]) for row in rows]
        return [Called(url, type_, data["result"], data["error"]) for url, type_, data in payloads]

    async def watch(self, job: Job) -> None:
        await self.as_owner(
            "INSERT INTO watched_jobs (job_id, tenant_id, until) VALUES ($1, $2, now() + interval '1 hour')",
            job.id,
            job.tenant_id,
        )

    async def followers_told(self) -> list[UUID]:
        return list(self.followed)

    async def take_away(self, job: Job) -> None:
        await self.as_owner("UPDATE jobs SET attempt = attempt + 1 WHERE id = $1", job.id)

    @asynccontextmanager
    async def failing_commits(self, first: int = 0, *, sqlstate: str = "P0001") -> AsyncIterator[None]:
        """The first so many commits of outbox rows fail at the last moment; 0 is all of them."""
        await self.as_owner(
            _FAIL_AT_COMMIT + "CREATE CONSTRAINT TRIGGER fail_at_commit AFTER INSERT ON outbox "
            f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_at_commit('{first}', '{sqlstate}')"
        )
        try:
            yield
        finally:
            await self.as_owner(_COMMIT_AGAIN)

    async def as_owner(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Plain SQL that no role restricts; without values also several statements, which give no rows."""
        owner = await asyncpg.connect(self.database.listen_dsn())
        try:
            if ";" in statement and not values:
                await owner.execute(statement)
                return []
            return await owner.fetch(statement, *values)
        finally:
            await owner.close()


@asynccontextmanager
async def job_store(url: str, *, queue_limit: int = 1000) -> AsyncIterator[PostgresJobStore]:
    """Empty but for two tenants, and with a beating heart."""
    store = PostgresJobStore(Database(url), queue_limit)
    await store.as_owner(_EMPTY.format(DEFAULT_TENANT, OTHER_TENANT))
    store.claims.heartbeat.start()
    try:
        yield store
    finally:
        await store.claims.heartbeat.stop()
        await store.database.close()
