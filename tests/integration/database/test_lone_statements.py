"""A lone statement is its own transaction: it sees all tenants, and leaves its connection as it was."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ai_platform.jobs.infrastructure.tables import jobs
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.db import WORKER_ROLE, Database
from ai_platform.runtime.db_pool import PoolOptions
from tests.integration.database.rows import OTHER_TENANT, a_job_row


async def test_a_lone_statement_sees_all_tenants_and_is_kept_at_once(database: Database) -> None:
    async with database.lone() as connection:
        assert await connection.scalar(text("SELECT current_user")) == WORKER_ROLE
        await connection.execute(jobs.insert(), a_job_row(tenant_id=OTHER_TENANT))
        async with database.transaction(OTHER_TENANT) as other:
            assert await other.scalar(text("SELECT count(*) FROM jobs")) == 1
    async with database.transaction(DEFAULT_TENANT) as other:
        assert await other.scalar(text("SELECT count(*) FROM jobs")) == 0


async def test_a_lone_statement_that_fails_leaves_its_connection_as_it_was(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.lone() as connection:
            await connection.execute(text("SELECT 1 / 0"))
    async with database.lone() as connection:
        assert await connection.scalar(text("SELECT current_user")) == WORKER_ROLE


async def test_behind_a_pooler_a_lone_statement_has_its_role_for_a_transaction_only(database_url: str) -> None:
    database = Database(database_url, PoolOptions(statement_cache=0))
    async with database.lone() as connection:
        assert await connection.scalar(text("SELECT current_user")) == WORKER_ROLE
    async with database._engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_user")) != WORKER_ROLE
    await database.close()
