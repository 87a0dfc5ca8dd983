"""With thousands of tenants and a hundred thousand jobs, what is served touches the rows it returns and no others.

The plans are those of the statements as they are served, under the roles of row-level security: PostgreSQL's
auto_explain tells them to the connection that ran them.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import event

from ai_platform.jobs.application.ports import JobFilter
from ai_platform.jobs.domain.job import JobStatus
from ai_platform.jobs.infrastructure.reads import PostgresReads
from ai_platform.jobs.infrastructure.usage import PostgresUsage
from ai_platform.runtime.db import Database
from tests.integration.jobs.store import PostgresJobStore
from tests.scale import LARGE, fill
from tests.services.postgres import PostgresServer, outside_the_loop

TENANTS, JOBS, PAGE = 5_000, 100_000, 51
SLACK = 24
"""Pages of indexes and of the catalogue that a statement may read besides one page a row."""

_TELL_PLANS = """
ALTER DATABASE {name} SET session_preload_libraries = 'auto_explain';
ALTER DATABASE {name} SET auto_explain.log_min_duration = 0;
ALTER DATABASE {name} SET auto_explain.log_analyze = on;
ALTER DATABASE {name} SET auto_explain.log_buffers = on;
ALTER DATABASE {name} SET auto_explain.log_timing = off;
ALTER DATABASE {name} SET auto_explain.log_format = json;
ALTER DATABASE {name} SET auto_explain.log_level = notice;
"""


@pytest.fixture(scope="module")
def large_database(postgres_server: PostgresServer, migrated_template: str) -> Iterator[str]:
    url = postgres_server.create_database("scaled", template=migrated_template)
    outside_the_loop(prepare(url))
    yield url
    postgres_server.drop_database("scaled")


async def prepare(url: str) -> None:
    await fill(url, tenants=TENANTS, jobs=JOBS)
    owner = await asyncpg.connect(url)
    await owner.execute(_TELL_PLANS.format(name="scaled"))
    await owner.close()


class Plans:
    """The plans of the statements that touched jobs, in order."""

    def __init__(self, database: Database) -> None:
        self.told: list[dict[str, Any]] = []
        for pool in (database._engine, database._lone):
            event.listen(pool.sync_engine, "connect", lambda raw, _: raw.driver_connection.add_log_listener(self._hear))

    def _hear(self, _: Any, message: Any) -> None:
        _, found, plan = str(message.message).partition("plan:\n")
        if found and "jobs" in plan:
            self.told.append(json.loads(plan)["Plan"])

    def only(self) -> dict[str, Any]:
        """Of the statement that was run since the last call."""
        [plan] = self.told
        self.told.clear()
        return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def assert_touches_only(plan: dict[str, Any], rows: int, *, pages: int) -> None:
    shown = json.dumps(plan, indent=1)
    scans = [node for node in nodes(plan) if node.get("Relation Name") == "jobs" and "Scan" in node["Node Type"]]
    assert scans
    assert not [one for one in scans if one["Node Type"] == "Seq Scan"], shown
    removed = sum(node.get("Rows Removed by Filter", 0) * node["Actual Loops"] for node in nodes(plan))
    assert removed == 0, shown
    assert all(one["Actual Rows"] * one["Actual Loops"] <= rows for one in scans), shown
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= pages, shown


@pytest.fixture
async def scaled(large_database: str) -> AsyncIterator[PostgresJobStore]:
    store = PostgresJobStore(Database(large_database))
    yield store
    await store.database.close()


FILTERS = {
    "everything": JobFilter(),
    "a frequent status": JobFilter(status=JobStatus.COMPLETED),
    "a rare status": JobFilter(status=JobStatus.RETRYING),
    "a status that none has": JobFilter(status=JobStatus.CANCELLED),
    "a config": JobFilter(config_name="config-3"),
    "a config that none has": JobFilter(config_name="nobody"),
}


@pytest.mark.parametrize("what", FILTERS)
async def test_a_page_of(scaled: PostgresJobStore, what: str) -> None:
    plans, reads = Plans(scaled.database), PostgresReads(scaled.database)
    first = await reads.page(LARGE, FILTERS[what], before=None, limit=PAGE)
    assert_touches_only(plans.only(), PAGE, pages=PAGE * 2 + SLACK)
    if len(first) == PAGE:
        await reads.page(LARGE, FILTERS[what], before=first[-1].id, limit=PAGE)
        assert_touches_only(plans.only(), PAGE, pages=PAGE * 2 + SLACK)


async def test_one_job(scaled: PostgresJobStore) -> None:
    plans, reads = Plans(scaled.database), PostgresReads(scaled.database)
    [job] = await reads.page(LARGE, JobFilter(), before=None, limit=1)
    plans.told.clear()
    assert await reads.get(LARGE, job.id) is not None
    assert_touches_only(plans.only(), 1, pages=1 + SLACK)


async def test_another_tenants_job_is_not_even_read_for_long(scaled: PostgresJobStore) -> None:
    reads = PostgresReads(scaled.database)
    [job] = await reads.page(LARGE, JobFilter(), before=None, limit=1)
    other = UUID("00000000-0000-7000-9000-000000000002")
    assert await reads.get(other, job.id) is None


async def test_the_next_job_of_all(scaled: PostgresJobStore) -> None:
    plans = Plans(scaled.database)
    assert await scaled.claims.next() is not None
    claim = plans.told[0]
    assert_touches_only(claim, 1, pages=4 * SLACK)


async def test_usage_reads_the_days_that_were_asked_for(scaled: PostgresJobStore) -> None:
    plans, reads = Plans(scaled.database), PostgresReads(scaled.database)
    newest = await reads.page(LARGE, JobFilter(), before=None, limit=10)
    plans.told.clear()
    begins, ends = newest[-1].created_at, newest[0].created_at
    await PostgresUsage(scaled.database).usage(LARGE, begins, ends, after=None, limit=10)
    assert_touches_only(plans.only(), 12, pages=12 + SLACK)
