"""A transaction has its own role and tenant, and one that fails leaves nothing behind."""

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from ai_platform.jobs.infrastructure.tables import jobs
from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.db import APP_ROLE, WORKER_ROLE, Database
from tests.integration.database.rows import OTHER_TENANT, a_job_row, execute, one_job_each, visible_jobs


async def test_the_next_transaction_on_the_same_connection_has_its_own_role_and_tenant(database: Database) -> None:
    async def who() -> tuple[str, str, int]:
        query = "SELECT current_user, current_setting('app.tenant'), pg_backend_pid()"
        return tuple((await connection.execute(text(query))).one())

    seen: list[tuple[str, str, int]] = []
    for tenant in (DEFAULT_TENANT, OTHER_TENANT, None, DEFAULT_TENANT):
        async with database.transaction(tenant) as connection:
            seen.append(await who())
    expected = [(APP_ROLE, str(DEFAULT_TENANT)), (APP_ROLE, str(OTHER_TENANT)), (WORKER_ROLE, "")]
    assert [(role, tenant) for role, tenant, _ in seen] == [*expected, (APP_ROLE, str(DEFAULT_TENANT))]
    assert len({backend for _, _, backend in seen}) == 1


async def test_a_failed_transaction_leaves_no_role_behind(database: Database) -> None:
    own, _ = await one_job_each(database)
    with pytest.raises(DBAPIError):
        await execute(database, None, "SELECT 1 / 0")
    assert await visible_jobs(database, DEFAULT_TENANT) == {own}


async def test_leaving_by_an_error_keeps_nothing(database: Database) -> None:
    async def half_a_use_case() -> None:
        async with database.transaction(DEFAULT_TENANT) as connection:
            await connection.execute(insert(jobs), [a_job_row()])
            raise LookupError("changed my mind")

    with pytest.raises(LookupError):
        await half_a_use_case()
    assert await visible_jobs(database, None) == set()


async def test_a_statement_that_the_database_refuses_is_no_outage(database: Database) -> None:
    for parameters in ({"number": 2**40}, {"number": "one"}):
        with pytest.raises(DBAPIError):
            await execute(database, None, "SELECT CAST(:number AS int)", **parameters)


async def test_a_pool_without_a_free_connection_is_unavailable(database: Database) -> None:
    async with database.transaction(None):
        with pytest.raises(Unavailable):
            await database.schema_revision()
