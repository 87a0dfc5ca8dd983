"""Accepting many jobs at once: few transactions, and nobody pays for another's fault."""

import asyncio
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from ai_platform.jobs.application.ports import JobFilter
from ai_platform.jobs.domain.job import Job
from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.integration.jobs.store import PostgresJobStore
from tests.unit.jobs.builders import OTHER_TENANT, a_job
from tests.unit.jobs.job_store import accepted

THIRD_TENANT = UUID("00000000-0000-7000-8000-000000000003")
NOBODY = UUID("00000000-0000-7000-8000-000000000004")


async def accept_all(store: PostgresJobStore, jobs: list[Job]) -> list[BaseException | None]:
    for job in jobs:
        job.accept()
    return await asyncio.gather(*(store.intake.accept(job) for job in jobs), return_exceptions=True)


async def how_many(store: PostgresJobStore, what: str) -> int:
    [row] = await store.as_owner(f"SELECT count({what}) FROM jobs")  # noqa: S608 - one of ours
    return int(row["count"])


async def test_jobs_that_arrive_together_share_few_transactions(store: PostgresJobStore) -> None:
    await store.as_owner("INSERT INTO tenants (id, name) VALUES ($1, 'third')", THIRD_TENANT)
    tenants = (DEFAULT_TENANT, OTHER_TENANT, THIRD_TENANT)
    jobs = [a_job(tenant_id=tenants[number % 3]) for number in range(200)]
    assert await accept_all(store, jobs) == [None] * 200
    for tenant_id in tenants:
        page = await store.reads.page(tenant_id, JobFilter(), before=None, limit=200)
        assert {view.id for view in page} == {job.id for job in jobs if job.tenant_id == tenant_id}
    assert await how_many(store, "DISTINCT xmin::text") <= 20
    assert len(await store.sent()) == 200


async def test_a_job_of_an_unknown_tenant_fails_alone(store: PostgresJobStore) -> None:
    owners = [DEFAULT_TENANT, NOBODY, OTHER_TENANT, DEFAULT_TENANT]
    ends = await accept_all(store, [a_job(tenant_id=owner) for owner in owners])
    assert [type(end) for end in ends] == [type(None), IntegrityError, type(None), type(None)]
    assert await how_many(store, "*") == 3
    assert len(await store.sent()) == 3


async def test_a_job_that_was_accepted_before_fails_alone(store: PostgresJobStore) -> None:
    before = await accepted(store)
    ends = await accept_all(store, [a_job(), a_job(id=before.id), a_job(tenant_id=OTHER_TENANT)])
    assert [type(end) for end in ends] == [type(None), IntegrityError, type(None)]
    assert await how_many(store, "*") == 3
    assert len(await store.sent()) == 3


async def test_a_job_is_either_refused_or_kept_when_the_database_goes_away(store: PostgresJobStore) -> None:
    jobs = [a_job(tenant_id=owner) for owner in (DEFAULT_TENANT, OTHER_TENANT, DEFAULT_TENANT, OTHER_TENANT)]
    async with store.failing_commits(first=1, sqlstate="57P01"):
        ends = await accept_all(store, jobs)
    refused = [job for job, end in zip(jobs, ends, strict=True) if isinstance(end, Unavailable)]
    kept = [job for job, end in zip(jobs, ends, strict=True) if end is None]
    assert len(refused) == len(kept) == 2
    for job in jobs:
        assert (await store.reads.get(job.tenant_id, job.id) is not None) == (job in kept)
    assert len(await store.sent()) == 2


async def test_what_was_submitted_is_counted_once_it_is_kept(store: PostgresJobStore) -> None:
    await accept_all(store, [a_job(), a_job(tenant_id=NOBODY), a_job()])
    assert store.metrics.registry.get_sample_value("jobs_submitted_total") == 2
