"""With many jobs in the table, nothing that happens every second reads it from end to end."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy import text

from ai_platform.jobs.application.ports import JobFilter
from ai_platform.jobs.domain.job import JobStatus
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.db import Database
from ai_platform.runtime.db_pool import PoolOptions
from tests.integration.jobs.store import PostgresJobStore
from tests.support import eventually
from tests.unit.jobs.builders import a_job, a_result
from tests.unit.jobs.job_store import accepted, asked_again, cancelled, claimed, recovered

FILL = """
INSERT INTO jobs (id, tenant_id, status, pipeline, priority, fair_at, prompt, config_name, template_name, variables,
    context, metadata, stream, max_retries, trace, created_at, attempt, lease_expires_at, next_retry_at)
SELECT gen_random_uuid(), (ARRAY(SELECT id FROM tenants))[1 + n / 20 % 2], status, 'single', n % 3,
    now() + n * interval '1 second', 'Write a haiku', 'config-' || n % 20, 'default-assistant', '{}', '{}', '{}', false,
    3, '{}', now(), 1, CASE status WHEN 'PROCESSING' THEN now() + interval '1 hour' END,
    CASE status WHEN 'RETRYING' THEN now() + interval '1 hour' END
FROM (
    SELECT n, CASE WHEN n % 20 = 0 THEN 'QUEUED' WHEN n % 50 = 1 THEN 'RETRYING' WHEN n % 50 = 2 THEN 'PROCESSING'
        WHEN n % 30 = 3 THEN 'FAILED' ELSE 'COMPLETED' END AS status
    FROM generate_series(1, 20000) AS n
) AS numbered;
"""

Work = Callable[[PostgresJobStore], Awaitable[object]]


async def accept(store: PostgresJobStore) -> None:
    await accepted(store)


async def claim_and_settle(store: PostgresJobStore) -> None:
    job = await claimed(store)
    job.complete(a_result(), now=store.now())
    assert await store.claims.settle(job)


async def cancel_and_ask_again(store: PostgresJobStore) -> None:
    job = await accepted(store)
    await cancelled(store, job)
    await asked_again(store, job)


async def offer_due_retries(store: PostgresJobStore) -> None:
    await store.claims.offer_due_retries()


async def renew(store: PostgresJobStore) -> None:
    job = await claimed(store)
    await store.as_owner("UPDATE jobs SET lease_expires_at = now() WHERE id = $1", job.id)

    async def is_renewed() -> bool:
        return bool(await store.as_owner("SELECT 1 FROM jobs WHERE id = $1 AND lease_expires_at > now()", job.id))

    store.claims.heartbeat.start()
    async with store.claims.holding(job):
        await eventually(is_renewed)
    await store.claims.heartbeat.stop()


async def get(store: PostgresJobStore) -> None:
    await store.reads.get(DEFAULT_TENANT, a_job().id)


def page(where: JobFilter) -> Work:
    async def read(store: PostgresJobStore) -> None:
        views = await store.reads.page(DEFAULT_TENANT, where, before=None, limit=50)
        assert len(views) == 50
        await store.reads.page(DEFAULT_TENANT, where, before=views[-1].id, limit=50)

    return read


@asynccontextmanager
async def a_process(url: str, name: str) -> AsyncIterator[PostgresJobStore]:
    """Whose statistics have reached the server when it has ended."""
    store = PostgresJobStore(Database(url, PoolOptions(application_name=name)))
    try:
        yield store
    finally:
        await store.database.close()


async def read_from_end_to_end(store: PostgresJobStore) -> None:
    """What must not happen, to see that it would be noticed."""
    async with store.database.transaction(DEFAULT_TENANT) as connection:
        await connection.execute(text("SELECT count(prompt) FROM jobs"))


async def test_every_frequent_statement_finds_its_jobs_by_an_index(store: PostgresJobStore) -> None:
    await store.as_owner(FILL + "ANALYZE jobs;")
    url = store.database.listen_dsn()
    await store.claims.heartbeat.stop()
    await store.database.close()

    async def scans() -> int:
        [row] = await store.as_owner("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'jobs'")
        return int(row["seq_scan"])

    scanned: dict[str, int] = {}
    works: dict[str, Work] = {
        "accept": accept,
        "claim and settle": claim_and_settle,
        "cancel and ask again": cancel_and_ask_again,
        "offer due retries": offer_due_retries,
        "renew": renew,
        "recover": recovered,
        "get": get,
        "read from end to end": read_from_end_to_end,
        "list": page(JobFilter()),
        "list by status": page(JobFilter(status=JobStatus.FAILED)),
        "list by config": page(JobFilter(config_name="config-7")),
        "list by both": page(JobFilter(status=JobStatus.COMPLETED, config_name="config-7")),
    }
    for name, work in works.items():
        before = await scans()
        async with a_process(url, name) as process:
            await work(process)

        async def has_ended(name: str = name) -> bool:
            return not await store.as_owner("SELECT 1 FROM pg_stat_activity WHERE application_name = $1", name)

        await eventually(has_ended)
        scanned[name] = await scans() - before
    assert scanned == dict.fromkeys(works, 0) | {"read from end to end": 1}
