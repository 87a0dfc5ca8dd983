"""A tenant sees and changes its own rows only, whatever a query forgot, and the worker role sees those of all."""

from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from ai_platform.jobs.infrastructure.reads import PostgresReads
from ai_platform.jobs.infrastructure.tables import jobs
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime import outbox
from ai_platform.runtime.bus import QueueName
from ai_platform.runtime.db import APP_ROLE, Database
from ai_platform.runtime.outbox import Entry, outbox_table
from tests.integration.database.rows import OTHER_TENANT, a_job_row, add_jobs, execute, one_job_each, visible_jobs

OWNER_OF_NOTHING = UUID("00000000-0000-7000-8000-000000000003")


async def test_a_tenant_sees_its_own_jobs_only(database: Database) -> None:
    own, foreign = await one_job_each(database)
    assert await visible_jobs(database, DEFAULT_TENANT) == {own}
    assert await visible_jobs(database, OTHER_TENANT) == {foreign}
    assert await visible_jobs(database, OWNER_OF_NOTHING) == set()


async def test_the_worker_role_sees_the_jobs_of_all_tenants(database: Database) -> None:
    both = await one_job_each(database)
    assert await visible_jobs(database, None) == set(both)


async def test_without_a_tenant_the_app_role_sees_nothing(database: Database, database_url: str) -> None:
    await one_job_each(database)
    owner = await asyncpg.connect(database_url)
    await owner.execute(f"SET ROLE {APP_ROLE}")
    assert await owner.fetch("SELECT id FROM jobs") == []
    await owner.execute("SET app.tenant = ''")
    assert await owner.fetch("SELECT id FROM jobs") == []
    assert await owner.fetch("SELECT id FROM tenants") == []
    await owner.close()


async def test_a_query_that_forgot_its_where_clause_leaks_nothing(database: Database) -> None:
    own, foreign = await one_job_each(database)

    class ForgetfulReads(PostgresReads):
        """`get` and `page` without their conditions."""

        async def everything(self, tenant_id: UUID) -> list[UUID]:
            async with self._database.transaction(tenant_id) as connection:
                return [row.id for row in await connection.execute(select(jobs).order_by(jobs.c.id))]

    assert await ForgetfulReads(database).everything(DEFAULT_TENANT) == [own]
    assert await ForgetfulReads(database).everything(OTHER_TENANT) == [foreign]
    assert await PostgresReads(database).get(DEFAULT_TENANT, foreign) is None


async def test_a_tenant_cannot_write_a_job_for_another(database: Database) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        await add_jobs(database, DEFAULT_TENANT, a_job_row(tenant_id=OTHER_TENANT))
    assert await visible_jobs(database, None) == set()


async def test_a_tenant_can_neither_change_nor_give_away_a_job(database: Database) -> None:
    own, foreign = await one_job_each(database)
    async with database.transaction(DEFAULT_TENANT) as connection:
        changed = await connection.execute(text("UPDATE jobs SET prompt = 'mine' RETURNING id"))
        assert list(changed.scalars()) == [own]
    with pytest.raises(ProgrammingError, match="row-level security"):
        await execute(database, DEFAULT_TENANT, "UPDATE jobs SET tenant_id = :other", other=OTHER_TENANT)
    with pytest.raises(ProgrammingError, match="permission denied"):
        await execute(database, DEFAULT_TENANT, "DELETE FROM jobs WHERE id = :foreign", foreign=foreign)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM outbox",
        "DELETE FROM outbox",
        "UPDATE outbox SET available_at = now()",
        "SELECT seq FROM bus_messages",
        "DELETE FROM tenants",
        "UPDATE tenants SET is_active = false",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE jobs DISABLE ROW LEVEL SECURITY",
    ],
)
async def test_a_tenant_can_write_the_outbox_and_nothing_else_of_the_platform(
    database: Database, statement: str
) -> None:
    async with database.transaction(DEFAULT_TENANT) as connection:
        await outbox.write(connection, [Entry(to=QueueName("orders"), type="orders.placed", body={})])
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        await execute(database, DEFAULT_TENANT, statement)
    async with database.transaction(None) as connection:
        assert len((await connection.execute(select(outbox_table.c.id))).all()) == 1


async def test_the_worker_role_reads_everything_and_defines_nothing(database: Database) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await execute(database, None, "CREATE TABLE mine (id int)")


async def test_every_table_of_a_tenant_has_row_security(database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    unprotected = await owner.fetch(
        """
        SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relkind = 'r' AND attname = 'tenant_id' AND NOT relrowsecurity
        """
    )
    await owner.close()
    assert unprotected == []
