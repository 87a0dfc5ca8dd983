"""A job store on PostgreSQL, empty for each test."""

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

for name in (
    "job_store",
    "store_suite",
    "store_suite_accepting",
    "store_suite_claiming",
    "store_suite_deciding",
    "store_suite_ending",
    "store_suite_history",
):
    pytest.register_assert_rewrite(f"tests.unit.jobs.{name}")

from tests.integration.jobs.store import PostgresJobStore, job_store  # noqa: E402 - it imports the suite
from tests.services.postgres import PostgresServer  # noqa: E402


@pytest.fixture(scope="session")
def jobs_database_url(postgres_server: PostgresServer, migrated_template: str) -> Iterator[str]:
    """One for all tests here: to make a database takes longer than most of them."""
    name = f"jobs_{uuid.uuid4().hex[:16]}"
    yield postgres_server.create_database(name, template=migrated_template)
    postgres_server.drop_database(name)


@pytest.fixture
async def store(jobs_database_url: str) -> AsyncIterator[PostgresJobStore]:
    async with job_store(jobs_database_url) as store:
        yield store


@pytest.fixture
async def small_store(jobs_database_url: str) -> AsyncIterator[PostgresJobStore]:
    async with job_store(jobs_database_url, queue_limit=3) as store:
        yield store
