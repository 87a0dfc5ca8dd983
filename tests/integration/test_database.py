"""The database: tenants that cannot see each other, outages that end by themselves, and one history of the schema."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from ai_platform.commerce.infrastructure import order_tables as _order_tables  # noqa: F401 - its tables are compared
from ai_platform.commerce.infrastructure import payment_tables as _payment_tables  # noqa: F401 - its tables are compared
from ai_platform.commerce.infrastructure import tables as _commerce_tables  # noqa: F401 - its tables are compared
from ai_platform.inbox.infrastructure import tables as _inbox_tables  # noqa: F401 - its tables are compared
from ai_platform.jobs.infrastructure.reads import PostgresReads
from ai_platform.jobs.infrastructure.tables import jobs
from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.llm.infrastructure import tables as _llm_tables  # noqa: F401 - its tables are compared
from ai_platform.runtime import bus_store as _bus_store  # noqa: F401 - its table is compared
from ai_platform.runtime import dead_letters as _dead_letters  # noqa: F401 - its table is compared
from ai_platform.runtime import idempotency as _idempotency  # noqa: F401 - its table is compared
from ai_platform.runtime import outbox
from ai_platform.runtime import webhooks as _webhooks  # noqa: F401 - its table is compared
from ai_platform.runtime.bus import QueueName
from ai_platform.runtime.db import APP_ROLE, WORKER_ROLE, Database, metadata
from ai_platform.runtime.db_pool import PoolOptions, async_url
from ai_platform.runtime.migrations import head, migrate
from ai_platform.runtime.outbox import Entry, outbox_table
from ai_platform.tenancy.infrastructure import tables as _tenancy_tables  # noqa: F401 - its table is compared
from tests.services.postgres import PostgresServer
from tests.services.stack import Services
from tests.support import eventually

OTHER_TENANT = UUID("00000000-0000-7000-8000-000000000002")
OWNER_OF_NOTHING = UUID("00000000-0000-7000-8000-000000000003")


@pytest.fixture(scope="module")
def victim() -> Iterator[PostgresServer]:
    """A server of this module's own: to kill the session's would disturb other tests, and it has no role yet."""
    with Services(private=True) as services:
        yield services.postgres


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """With two tenants. One connection, so that each transaction gets the one that the last has used."""
    database = Database(database_url, PoolOptions(size=1, overflow=0))
    owner = await asyncpg.connect(database_url)
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'other')", OTHER_TENANT)
    await owner.close()
    yield database
    await database.close()


def a_job_row(**changes: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "tenant_id": DEFAULT_TENANT,
        "status": "QUEUED",
        "pipeline": "single",
        "priority": 1,
        "fair_at": datetime.now(UTC),
        "prompt": "Write a haiku",
        "config_name": "default-smart",
        "template_name": "default-assistant",
        "variables": {},
        "context": {},
        "metadata": {},
        "stream": False,
        "max_retries": 3,
        "trace": {},
        "created_at": datetime.now(UTC),
        **changes,
    }


async def add_jobs(database: Database, tenant_id: UUID, *rows: dict[str, Any]) -> None:
    async with database.transaction(tenant_id) as connection:
        await connection.execute(insert(jobs), list(rows))


async def one_job_each(database: Database) -> tuple[UUID, UUID]:
    own, foreign = a_job_row(), a_job_row(tenant_id=OTHER_TENANT)
    await add_jobs(database, DEFAULT_TENANT, own)
    await add_jobs(database, OTHER_TENANT, foreign)
    return own["id"], foreign["id"]


async def visible_jobs(database: Database, tenant_id: UUID | None) -> set[UUID]:
    async with database.transaction(tenant_id) as connection:
        return set((await connection.execute(select(jobs.c.id))).scalars())


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
        await _execute(database, DEFAULT_TENANT, "UPDATE jobs SET tenant_id = :other", other=OTHER_TENANT)
    with pytest.raises(ProgrammingError, match="permission denied"):
        await _execute(database, DEFAULT_TENANT, "DELETE FROM jobs WHERE id = :foreign", foreign=foreign)


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
        await _execute(database, DEFAULT_TENANT, statement)
    async with database.transaction(None) as connection:
        assert len((await connection.execute(select(outbox_table.c.id))).all()) == 1


async def test_the_worker_role_reads_everything_and_defines_nothing(database: Database) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await _execute(database, None, "CREATE TABLE mine (id int)")


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


async def test_a_failed_transaction_leaves_no_role_behind(database: Database) -> None:
    own, _ = await one_job_each(database)
    with pytest.raises(DBAPIError):
        await _execute(database, None, "SELECT 1 / 0")
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
            await _execute(database, None, "SELECT CAST(:number AS int)", **parameters)


async def test_a_pool_without_a_free_connection_is_unavailable(database: Database) -> None:
    async with database.transaction(None):
        with pytest.raises(Unavailable):
            await database.schema_revision()


async def test_a_server_that_goes_away_is_unavailable_and_found_again_when_it_is_back(victim: PostgresServer) -> None:
    url = victim.create_database("away")
    await migrate(url)
    database = Database(url)
    await database.ping()

    async def killed_in_the_middle() -> None:
        async with database.transaction(None) as connection:
            await connection.execute(text("SELECT 1"))
            await asyncio.to_thread(victim.kill)
            await connection.execute(text("SELECT 1"))

    for call in (killed_in_the_middle, database.ping, database.schema_revision, lambda: visible_jobs(database, None)):
        with pytest.raises(Unavailable) as refusal:
            await call()
        assert refusal.value.stable_code == "database_unavailable"

    await asyncio.to_thread(victim.start)
    assert await visible_jobs(database, None) == set()
    assert await database.schema_revision() == head()
    await database.close()


async def test_a_server_that_hangs_does_not_answer_a_ping(victim: PostgresServer) -> None:
    database = Database(victim.url)
    await database.ping()
    victim.freeze()
    with pytest.raises(Unavailable):
        await database.ping()
    victim.thaw()
    await database.ping()
    await database.close()


async def test_each_revision_goes_up_down_and_up_again(fresh_database: str) -> None:
    for revision, before in _history():
        for step in (revision, before, revision):
            await migrate(fresh_database, step)
            assert await _revision(fresh_database) == (None if step == "base" else step)
    await migrate(fresh_database, "base")
    assert await _tables(fresh_database) == {"alembic_version"}
    await migrate(fresh_database)
    assert await _revision(fresh_database) == head()


async def test_to_be_at_the_newest_revision_already_is_fine(database_url: str) -> None:
    await migrate(database_url)
    await migrate(database_url, head())
    assert await _revision(database_url) == head()


async def test_a_database_without_a_schema_has_no_revision(fresh_database: str) -> None:
    assert await _revision(fresh_database) is None


async def test_the_tables_in_the_code_are_the_tables_in_the_database(database_url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        return list(compare_metadata(context, metadata))

    engine = create_async_engine(async_url(database_url))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
    assert set(metadata.tables) | {"alembic_version"} == await _tables(database_url)


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


async def test_two_that_migrate_one_database_at_once_do_not_disturb_each_other(fresh_database: str) -> None:
    await asyncio.gather(migrate(fresh_database), migrate(fresh_database))
    assert await _revision(fresh_database) == head()


@pytest.mark.parametrize("owner", ["superuser", "ordinary"])
async def test_two_databases_of_one_server_can_be_migrated_at_once(victim: PostgresServer, owner: str) -> None:
    names = [f"{owner}_{number}" for number in range(2)]
    urls = [victim.create_database(name) for name in names]
    admin = await asyncpg.connect(victim.url)
    await _forget_roles(victim, admin)
    if owner == "ordinary":
        await admin.execute("CREATE ROLE ordinary LOGIN CREATEROLE PASSWORD 'ordinary'")
        for name in names:
            await admin.execute(f"ALTER DATABASE {name} OWNER TO ordinary")
        urls = [_as_user(url, "ordinary:ordinary") for url in urls]
    await _make_roles_at_once(admin, *urls)
    await admin.close()

    for url in urls:
        await migrate(url)
        database = Database(url)
        assert await visible_jobs(database, DEFAULT_TENANT) == set()
        await database.close()


async def _make_roles_at_once(admin: asyncpg.Connection, first_url: str, second_url: str) -> None:
    """The first has made the roles and not committed yet when the second wants to make them."""
    make_roles = _script().get_revision("0001").module.ROLES
    first, second = await asyncpg.connect(first_url), await asyncpg.connect(second_url)
    transaction = first.transaction()
    await transaction.start()
    await first.execute(make_roles)
    waiting = asyncio.create_task(second.execute(make_roles))

    async def the_second_waits_for_the_first() -> bool:
        query = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1"
        return bool(await admin.fetchval(query, second.get_server_pid()))

    await eventually(the_second_waits_for_the_first)
    await transaction.commit()
    await waiting
    await first.close()
    await second.close()


def _as_user(url: str, credentials: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{credentials}@{parts.hostname}:{parts.port}").geturl()


async def _forget_roles(server: PostgresServer, admin: asyncpg.Connection) -> None:
    """As on a server where nobody has ever migrated."""
    names = await admin.fetch("SELECT datname FROM pg_database WHERE NOT datistemplate")
    roles = await admin.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE 'ai_platform\\_%'")
    for role in roles:
        for name in names:
            connection = await asyncpg.connect(server.database_url(name["datname"]))
            await connection.execute(f"DROP OWNED BY {role['rolname']}")
            await connection.close()
        await admin.execute(f"DROP ROLE {role['rolname']}")


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parents[2] / "migrations"))


def _history() -> list[tuple[str, str]]:
    """Every revision with the one before it, oldest first."""
    newest_first = list(_script().walk_revisions())
    return [(one.revision, str(one.down_revision or "base")) for one in reversed(newest_first)]


async def _execute(database: Database, tenant_id: UUID | None, statement: str, **parameters: object) -> None:
    async with database.transaction(tenant_id) as connection:
        await connection.execute(text(statement), parameters)


async def _revision(url: str) -> str | None:
    database = Database(url)
    try:
        return await database.schema_revision()
    finally:
        await database.close()


async def _tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return {row["tablename"] for row in found}
