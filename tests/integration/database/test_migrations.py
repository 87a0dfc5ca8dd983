"""One history of the schema: every revision goes both ways, and its end is what the code says."""

import asyncio
from typing import Any

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from ai_platform.commerce.infrastructure import order_tables as _order_tables  # noqa: F401 - its tables are compared
from ai_platform.commerce.infrastructure import payment_tables as _payment_tables  # noqa: F401 - its tables are compared
from ai_platform.commerce.infrastructure import tables as _commerce_tables  # noqa: F401 - its tables are compared
from ai_platform.inbox.infrastructure import tables as _inbox_tables  # noqa: F401 - its tables are compared
from ai_platform.jobs.infrastructure import tables as _jobs_tables  # noqa: F401 - its tables are compared
from ai_platform.llm.infrastructure import tables as _llm_tables  # noqa: F401 - its tables are compared
from ai_platform.runtime import bus_store as _bus_store  # noqa: F401 - its table is compared
from ai_platform.runtime import dead_letters as _dead_letters  # noqa: F401 - its table is compared
from ai_platform.runtime import idempotency as _idempotency  # noqa: F401 - its table is compared
from ai_platform.runtime import outbox as _outbox  # noqa: F401 - its table is compared
from ai_platform.runtime import webhooks as _webhooks  # noqa: F401 - its table is compared
from ai_platform.runtime.db import metadata
from ai_platform.runtime.db_pool import async_url
from ai_platform.runtime.migrations import head, migrate
from ai_platform.tenancy.infrastructure import tables as _tenancy_tables  # noqa: F401 - its table is compared
from tests.integration.database.schema import revision_of, script


async def test_each_revision_goes_up_down_and_up_again(fresh_database: str) -> None:
    for revision, before in _history():
        for step in (revision, before, revision):
            await migrate(fresh_database, step)
            assert await revision_of(fresh_database) == (None if step == "base" else step)
    await migrate(fresh_database, "base")
    assert await _tables(fresh_database) == {"alembic_version"}
    await migrate(fresh_database)
    assert await revision_of(fresh_database) == head()


async def test_to_be_at_the_newest_revision_already_is_fine(database_url: str) -> None:
    await migrate(database_url)
    await migrate(database_url, head())
    assert await revision_of(database_url) == head()


async def test_a_database_without_a_schema_has_no_revision(fresh_database: str) -> None:
    assert await revision_of(fresh_database) is None


async def test_two_that_migrate_one_database_at_once_do_not_disturb_each_other(fresh_database: str) -> None:
    await asyncio.gather(migrate(fresh_database), migrate(fresh_database))
    assert await revision_of(fresh_database) == head()


async def test_the_tables_in_the_code_are_the_tables_in_the_database(database_url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        return list(compare_metadata(context, metadata))

    engine = create_async_engine(async_url(database_url))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
    assert set(metadata.tables) | {"alembic_version"} == await _tables(database_url)


def _history() -> list[tuple[str, str]]:
    """Every revision with the one before it, oldest first."""
    newest_first = list(script().walk_revisions())
    return [(one.revision, str(one.down_revision or "base")) for one in reversed(newest_first)]


async def _tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return {row["tablename"] for row in found}
