"""A claim in hand and its end, while the database has troubles of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.jobs.application.wake_ups import RETRY_DUE, WAKE_UP
from ai_platform.jobs.domain.job import Job, JobStatus
from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.db import Database
from ai_platform.runtime.migrations import migrate
from tests.integration.jobs.store import PostgresJobStore, job_store
from tests.services.postgres import PostgresServer
from tests.services.stack import Services
from tests.support import eventually
from tests.unit.jobs.builders import OTHER_TENANT, a_fault, a_result
from tests.unit.jobs.job_store import LEASE, RETRIES, accepted, claimed, recovered, seen


@pytest.fixture(scope="module")
def victim() -> Iterator[PostgresServer]:
    """A server that may be killed."""
    with Services(private=True) as services:
        yield services.postgres


class CountedDatabase(Database):
    """Counts the transactions."""

    begun = 0

    @asynccontextmanager
    async def transaction(
        self, tenant_id: UUID | None, *, durable: bool = True, picky: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        self.begun += 1
        async with super().transaction(tenant_id, durable=durable, picky=picky) as connection:
            yield connection

    @asynccontextmanager
    async def lone(self) -> AsyncIterator[AsyncConnection]:
        self.begun += 1
        async with super().lone() as connection:
            yield connection


class WatchedDatabase(Database):
    """Counts the transactions that the database was away for."""

    refused = 0

    @asynccontextmanager
    async def transaction(
        self, tenant_id: UUID | None, *, durable: bool = True, picky: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        with self._watched():
            async with super().transaction(tenant_id, durable=durable, picky=picky) as connection:
                yield connection

    @asynccontextmanager
    async def lone(self) -> AsyncIterator[AsyncConnection]:
        with self._watched():
            async with super().lone() as connection:
                yield connection

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except Unavailable:
            self.refused += 1
            raise


@asynccontextmanager
async def held(store: PostgresJobStore, *jobs: Job) -> AsyncIterator[None]:
    """Workers that hold the jobs, until the block is left; it fails if one has lost its claim."""
    done, kept = asyncio.Event(), list[Job]()

    async def hold(job: Job) -> None:
        async with store.claims.holding(job):
            await done.wait()
            kept.append(job)

    tasks = [asyncio.create_task(hold(job)) for job in jobs]
    yield
    done.set()
    await asyncio.gather(*tasks)
    assert {job.id for job in kept} == {job.id for job in jobs}


async def lease_of(store: PostgresJobStore, job: Job) -> datetime:
    [row] = await store.as_owner("SELECT lease_expires_at FROM jobs WHERE id = $1", job.id)
    expires_at: datetime = row["lease_expires_at"]
    return expires_at


async def seconds_left(store: PostgresJobStore, job: Job) -> float:
    return (await lease_of(store, job) - datetime.now(UTC)).total_seconds()


async def test_a_claim_in_hand_outlives_its_lease(store: PostgresJobStore) -> None:
    await accepted(store)
    job = await claimed(store)
    async with held(store, job):
        for _ in range(2):
            await store.passes(LEASE - 10)
            assert await seconds_left(store, job) < 15

            async def is_renewed() -> bool:
                return await seconds_left(store, job) > LEASE - 10

            await eventually(is_renewed)
        assert await recovered(store) == 0


async def test_a_claim_that_nobody_holds_is_not_renewed(store: PostgresJobStore) -> None:
    await accepted(store)
    await accepted(store)
    in_hand, dropped = await claimed(store), await claimed(store)
    before = await lease_of(store, dropped)
    await store.passes(10)

    async def is_renewed() -> bool:
        return await seconds_left(store, in_hand) > LEASE - 5

    async with held(store, in_hand):
        await eventually(is_renewed)
    assert await lease_of(store, dropped) < before


async def test_a_heartbeat_does_not_wait_for_a_job_that_is_just_being_settled(store: PostgresJobStore) -> None:
    await accepted(store)
    await accepted(store)
    settling, other = await claimed(store), await claimed(store)
    await store.passes(LEASE - 10)

    async def is_renewed() -> bool:
        return await seconds_left(store, other) > LEASE - 10

    settlement = await asyncpg.connect(store.database.listen_dsn())
    async with held(store, settling, other):
        async with settlement.transaction():
            await settlement.execute("SELECT 1 FROM jobs WHERE id = $1 FOR UPDATE", settling.id)
            await eventually(is_renewed)
        assert await seconds_left(store, settling) < 15
    await settlement.close()


async def test_work_that_was_cancelled_behind_its_back_is_left(store: PostgresJobStore) -> None:
    await accepted(store)
    job = await claimed(store)
    left: list[str] = []

    async def work() -> None:
        async with store.claims.holding(job):
            await asyncio.Event().wait()
        left.append("quietly")

    task = asyncio.create_task(work())
    await store.as_owner("UPDATE jobs SET status = 'CANCELLED', lease_expires_at = NULL WHERE id = $1", job.id)
    await task
    assert left == ["quietly"]
    job.complete(a_result(), now=store.now())
    assert not await store.claims.settle(job)
    assert (await seen(store, job)).status is JobStatus.CANCELLED


@pytest.mark.parametrize("ending", ["completed", "retrying"])
async def test_an_ending_whose_commit_was_lost_is_written_again_with_its_messages(
    store: PostgresJobStore, ending: str
) -> None:
    await accepted(store, max_retries=1)
    job = await claimed(store)
    if ending == "completed":
        job.complete(a_result(), now=store.now())
    else:
        job.fail_attempt(a_fault(), policy=RETRIES, luck=0.5, now=store.now())
    async with store.failing_commits(first=1, sqlstate="57P01"):
        assert await store.claims.settle(job)
    assert (await seen(store, job)).status is job.status
    follows = "jobs.completed.v1" if ending == "completed" else RETRY_DUE
    assert [one.type for one in await store.sent()] == [WAKE_UP, follows]


async def test_endings_of_two_tenants_are_told_apart_when_one_cannot_be_committed(store: PostgresJobStore) -> None:
    await accepted(store)
    await accepted(store, tenant_id=OTHER_TENANT)
    jobs = [await claimed(store), await claimed(store)]
    for job in jobs:
        job.complete(a_result(), now=store.now())
    async with store.failing_commits(first=1, sqlstate="57P01"):
        assert await asyncio.gather(*(store.claims.settle(job) for job in jobs)) == [True, True]
    assert [one.type for one in await store.sent()].count("jobs.completed.v1") == 2
    assert store.metrics.registry.get_sample_value("jobs_processed_total", {"status": "COMPLETED"}) == 2


async def test_an_answer_waits_for_a_database_that_is_away(victim: PostgresServer) -> None:
    url = victim.create_database("away")
    await migrate(url)
    async with job_store(url) as store:
        await accepted(store)
        job = await claimed(store)
        job.complete(a_result(), now=store.now())
        store.database = database = WatchedDatabase(url)
        claims = PostgresJobStore(database).claims

        await asyncio.to_thread(victim.kill)
        settling = asyncio.create_task(claims.settle(job))
        await eventually(lambda: database.refused >= 1)
        assert not settling.done()

        await asyncio.to_thread(victim.start)
        assert await settling
        assert (await seen(store, job)).result == "An old silent pond"
        assert [one.type for one in await store.sent()] == [WAKE_UP, "jobs.completed.v1"]
        await database.close()


async def test_hundreds_of_retries_that_come_due_together_do_not_take_all_connections(
    store: PostgresJobStore, jobs_database_url: str
) -> None:
    job = await accepted(store, max_retries=1)
    claim = await claimed(store)
    claim.hand_back(now=store.now())
    await store.claims.settle(claim)
    database = CountedDatabase(jobs_database_url)
    worker = PostgresJobStore(database)

    await asyncio.gather(*(worker.claims.offer_due_retries() for _ in range(400)))
    await database.close()

    assert (await seen(store, job)).status is JobStatus.QUEUED
    assert database.begun < 10
