"""The one place that opens a transaction, and the roles that row-level security is bound to.

Every transaction runs as one of two roles, set for its length only: `ai_platform_app` sees the rows of
one tenant, `ai_platform_worker` sees all of them (claims, sweeps, the relay and key look-ups).
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import MetaData, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import registry
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from ai_platform.runtime.db_faults import database_unavailable, unavailable_when_lost
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

RESTED: Final = 1.0
"""Seconds after which a pooled connection is asked whether it still lives before it is used again."""

mapper_registry = registry(metadata=metadata)
"""Aggregates are plain dataclasses; each context maps its own imperatively, once, in its wiring."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOptions:
    """Sizes in connections, times in seconds. `statement_cache` 0 suits a transaction pooler."""

    size: int = 10
    overflow: int = 20
    recycle: int = 3600
    statement_timeout: float = 30.0
    statement_cache: int = 100
    application_name: str = "ai-platform"


def async_url(url: str) -> URL:
    """`postgresql://…` and `postgres://…` as hosts hand them out, bound to asyncpg; libpq's `sslmode` becomes `ssl`."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+asyncpg")
    query = dict(parsed.query)
    if "sslmode" in query:
        query.setdefault("ssl", query.pop("sslmode"))
    query.pop("channel_binding", None)
    return parsed.set(query=query)


class Database:
    """A connection pool that hands out transactions, never bare connections."""

    def __init__(self, url: str, options: PoolOptions | None = None) -> None:
        self._options = options = options or PoolOptions()
        self.url = async_url(url)
        self._given = url
        self._engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=options.size,
            max_overflow=options.overflow,
            pool_recycle=options.recycle,
            pool_timeout=5.0,
            hide_parameters=True,  # they hold people's words, and errors are logged
            isolation_level="AUTOCOMMIT",  # the driver's part of it: `_begun` begins and commits
            connect_args=_connect_arguments(options),
        )
        ping_rested_connections(self._engine)

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
            async with self._connection() as connection:
                pooled = await connection.get_raw_connection()
                async with _begun(pooled, self._opening(tenant_id, durable=durable, picky=picky)):
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
            async with asyncio.timeout(2), self._connection() as connection:
                await connection.execute(text("SELECT 1"))

    async def schema_revision(self) -> str | None:
        """The Alembic revision that the database stands at; None before the first migration."""
        with unavailable_when_lost():
            async with self._connection() as connection:
                if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
                    return None
                revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
                return revision

    def _opening(self, tenant_id: UUID | None, *, durable: bool, picky: bool) -> str:
        role, tenant = (WORKER_ROLE, "") if tenant_id is None else (APP_ROLE, str(tenant_id))
        settings = {"role": role, "app.tenant": tenant}
        if self._options.statement_cache == 0:
            settings |= _session_settings(self._options)
        if not durable:
            settings["synchronous_commit"] = "off"
        if picky:
            settings |= {"random_page_cost": "0.1", "seq_page_cost": "0.1"}
        return "BEGIN; SELECT " + ", ".join(
            f"set_config('{name}', '{value}', true)" for name, value in settings.items()
        )

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        """Whatever keeps a connection from being opened (a password, a missing database), the database is away."""
        try:
            connection = await self._engine.connect()
        except Exception as error:
            _log.warning("database_refuses", reason=f"{type(error).__name__}: {error}")
            raise database_unavailable() from error
        try:
            yield connection
        finally:
            await connection.close()

    def listen_dsn(self) -> str:
        """The URL as asyncpg itself takes it, for a LISTEN connection outside the pool."""
        query = {"sslmode" if name == "ssl" else name: value for name, value in self.url.query.items()}
        return self.url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)

    async def close(self) -> None:
        await self._engine.dispose()


def _session_settings(options: PoolOptions) -> dict[str, str]:
    return {"statement_timeout": f"{options.statement_timeout:g}s", "jit": "off"}


def _connect_arguments(options: PoolOptions) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "timeout": 5.0,
        "command_timeout": options.statement_timeout + 5.0,  # for a server that does not even refuse
        "statement_cache_size": options.statement_cache,
        "server_settings": {"application_name": options.application_name},
    }
    if options.statement_cache:
        arguments["server_settings"] |= _session_settings(options)
    else:  # a pooler may give each transaction another server, which knows other names and settings
        arguments |= {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: f"_{uuid4().hex}"}
    return arguments


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


def ping_rested_connections(engine: AsyncEngine) -> None:
    """Pre-ping for connections that rested: SQLAlchemy's own costs three round trips before every transaction."""

    @event.listens_for(engine.sync_engine, "checkin")
    def note_rest(_: Any, record: ConnectionPoolEntry) -> None:
        record.info["resting_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ping(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
        if time.monotonic() - record.info.get("resting_since", math.inf) <= RESTED:
            return
        try:
            connection.run_async(lambda driver: driver.fetchrow("SELECT 1", timeout=2))
        except Exception as error:
            raise DisconnectionError from error
