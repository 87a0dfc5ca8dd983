"""The one place that opens a transaction, and the roles that row-level security is bound to.

Every transaction runs as one of two roles, set for its length only: `ai_platform_app` sees the rows of
one tenant, `ai_platform_worker` sees all of them (claims, sweeps, the relay and key look-ups). Connections for lone
statements have the second for good.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, Final, cast
from uuid import UUID

import asyncpg
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import registry
from sqlalchemy.pool import PoolProxiedConnection

from ai_platform.runtime.db_faults import database_unavailable, unavailable_when_lost
from ai_platform.runtime.db_pool import PoolOptions, async_url, opened_pool, session_settings
from ai_platform.runtime.logging import get_logger

APP_ROLE: Final = "ai_platform_app"
WORKER_ROLE: Final = "ai_platform_worker"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
"""Every context's tables hang on this one; Alembic compares it with the database."""

LONE_CONNECTIONS: Final = 2
"""Kept open for lone statements; under load as many again."""

mapper_registry = registry(metadata=metadata)
"""Aggregates are plain dataclasses; each context maps its own imperatively, once, in its wiring."""

_log = get_logger(__name__)


class Database:
    """A connection pool that hands out transactions, never bare connections."""

    def __init__(self, url: str, options: PoolOptions | None = None) -> None:
        self._options = options = options or PoolOptions()
        self.url = async_url(url)
        self._given = url
        self._engine = opened_pool(self.url, options)
        few = replace(options, size=LONE_CONNECTIONS, overflow=LONE_CONNECTIONS)
        self._lone = opened_pool(self.url, few, role=WORKER_ROLE, **{"app.tenant": ""})

    def apart(self) -> "Database":
        """The same database with one connection of its own, for the event loop of another thread."""
        return Database(self._given, replace(self._options, size=1, overflow=0))

    @asynccontextmanager
    async def transaction(
        self, tenant_id: UUID | None, *, durable: bool = True, picky: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """One transaction as one tenant (None: over all tenants). Leaving cleanly commits.

        Not `durable`, it does not wait for the disk: for what is done again when a crash of PostgreSQL undoes it.
        `picky`, it prefers plans that read no row in vain over those whose pages lie together: for pages of lists,
        where a walk through everybody's newest rows is cheap until the tenant's own lie far back.
        Raises Unavailable when the database cannot be reached or goes away underneath.
        """
        with unavailable_when_lost():
            async with _connection(self._engine) as connection:
                pooled = await connection.get_raw_connection()
                async with _begun(pooled, self._opening(tenant_id, durable=durable, picky=picky)):
                    yield connection

    @asynccontextmanager
    async def lone(self) -> AsyncIterator[AsyncConnection]:
        """For one statement over all tenants, which is a transaction of its own and takes one round trip.

        Raises Unavailable as `transaction` does.
        """
        if self._options.statement_cache == 0:
            async with self.transaction(None) as connection:
                yield connection
        else:
            with unavailable_when_lost():
                async with _connection(self._lone) as connection:
                    yield connection

    @asynccontextmanager
    async def session(self, tenant_id: UUID | None) -> AsyncIterator[AsyncSession]:
        """The same transaction with a unit of work for mapped aggregates; flushed before it commits."""
        async with (
            self.transaction(tenant_id) as connection,
            AsyncSession(bind=connection, expire_on_commit=False, autoflush=False) as session,
        ):
            yield session
            await session.flush()

    async def ping(self) -> None:
        """Raises Unavailable when the database does not answer within two seconds."""
        with unavailable_when_lost():
            async with asyncio.timeout(2), _connection(self._engine) as connection:
                await connection.execute(text("SELECT 1"))

    async def schema_revision(self) -> str | None:
        """The Alembic revision that the database stands at; None before the first migration."""
        with unavailable_when_lost():
            async with _connection(self._engine) as connection:
                if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
                    return None
                revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
                return revision

    def _opening(self, tenant_id: UUID | None, *, durable: bool, picky: bool) -> str:
        role, tenant = (WORKER_ROLE, "") if tenant_id is None else (APP_ROLE, str(tenant_id))
        settings = {"role": role, "app.tenant": tenant}
        if self._options.statement_cache == 0:
            settings |= session_settings(self._options)
        if not durable:
            settings["synchronous_commit"] = "off"
        if picky:
            settings |= {"random_page_cost": "0.1", "seq_page_cost": "0.1"}
        return "BEGIN; SELECT " + ", ".join(
            f"set_config('{name}', '{value}', true)" for name, value in settings.items()
        )

    def listen_dsn(self) -> str:
        """The URL as asyncpg itself takes it, for a LISTEN connection outside the pool."""
        query = {"sslmode" if name == "ssl" else name: value for name, value in self.url.query.items()}
        return self.url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)

    async def close(self) -> None:
        await self._engine.dispose()
        await self._lone.dispose()


@asynccontextmanager
async def _connection(pool: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Whatever keeps a connection from being opened (a password, a missing database), the database is away."""
    try:
        connection = await pool.connect()
    except Exception as error:
        _log.warning("database_refuses", reason=f"{type(error).__name__}: {error}")
        raise database_unavailable() from error
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _begun(pooled: PoolProxiedConnection, opening: str) -> AsyncIterator[None]:
    """BEGIN and its settings in one round trip, which neither SQLAlchemy nor asyncpg's own transactions can do.

    Nothing is set for longer than the transaction, so a transaction pooler may stand in between.
    However the block is left, no connection goes back to the pool inside a transaction or under a role.
    """
    driver: asyncpg.Connection[Any] = cast("asyncpg.Connection[Any]", pooled.driver_connection)
    try:
        await driver.execute(opening)
        yield
        if await driver.execute("COMMIT") != "COMMIT":
            raise asyncpg.InFailedSQLTransactionError("a statement had failed, so nothing was committed")
    except BaseException:
        with suppress(asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError, OSError):
            await driver.execute("ROLLBACK")
        raise
    finally:
        if pooled.is_valid and (driver.is_closed() or driver.is_in_transaction()):
            pooled.invalidate()
