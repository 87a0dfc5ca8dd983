"""The server behind the databases: outages end by themselves, and its roles belong to all databases at once."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import text

from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.db import Database
from ai_platform.runtime.migrations import head, migrate
from tests.integration.database.rows import visible_jobs
from tests.integration.database.schema import script
from tests.services.postgres import PostgresServer
from tests.services.stack import Services
from tests.support import eventually


@pytest.fixture(scope="module")
def victim() -> Iterator[PostgresServer]:
    """A server of this module's own: to kill the session's would disturb other tests, and it has no role yet."""
    with Services(private=True) as services:
        yield services.postgres


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
    make_roles = script().get_revision("0001").module.ROLES
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
