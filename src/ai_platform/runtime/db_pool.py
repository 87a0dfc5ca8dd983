"""Pools of connections: how they are opened, what is set on them for good, and whether they still live."""

import math
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

RESTED: Final = 1.0
"""Seconds after which a pooled connection is asked whether it still lives before it is used again."""


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


def opened_pool(url: URL, options: PoolOptions, **settings: str) -> AsyncEngine:
    """Connects when it is first used. `settings` hold for the whole life of a connection, so no pooler suits them."""
    arguments = _connect_arguments(options)
    arguments["server_settings"] |= settings
    engine = create_async_engine(
        url,
        pool_size=options.size,
        max_overflow=options.overflow,
        pool_recycle=options.recycle,
        pool_timeout=5.0,
        hide_parameters=True,  # they hold people's words, and errors are logged
        isolation_level="AUTOCOMMIT",  # the driver's part of it: whoever wants a transaction begins and commits
        connect_args=arguments,
    )
    ping_rested_connections(engine)
    return engine


def session_settings(options: PoolOptions) -> dict[str, str]:
    return {"statement_timeout": f"{options.statement_timeout:g}s", "jit": "off"}


def _connect_arguments(options: PoolOptions) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "timeout": 5.0,
        "command_timeout": options.statement_timeout + 5.0,  # for a server that does not even refuse
        "statement_cache_size": options.statement_cache,
        "server_settings": {"application_name": options.application_name},
    }
    if options.statement_cache:
        arguments["server_settings"] |= session_settings(options)
    else:  # a pooler may give each transaction another server, which knows other names and settings
        arguments |= {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: f"_{uuid4().hex}"}
    return arguments


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
