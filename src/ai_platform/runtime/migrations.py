"""The schema: one Alembic history, applied under an advisory lock so that starting twins wait for each other."""

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ai_platform.runtime.db_pool import async_url

_LOCK: Final = 0x61695F706C61  # "ai_pla"
_PACKAGED: Final = Path(__file__).parent.parent / "migrations"
_CHECKOUT: Final = Path(__file__).parents[3] / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema to `revision`; does nothing when it is there already."""
    asyncio.run(migrate(url, revision))


async def migrate(url: str, revision: str = "head") -> None:
    """The same inside a running loop. A migration that waits longer than ten seconds for a lock gives up."""
    engine = create_async_engine(async_url(url), poolclass=NullPool, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate, revision)
    finally:
        await engine.dispose()


@lru_cache(maxsize=1)
def head() -> str:
    """The newest revision of this installation."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # noqa: S101 - the history is part of the package
    return revision


def _migrate(connection: Connection, revision: str) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
    connection.execute(text("SET lock_timeout = '10s'"))
    connection.commit()
    config = _config()
    config.attributes["connection"] = connection
    try:
        if _is_behind(connection, revision):
            command.upgrade(config, revision)
        else:
            command.downgrade(config, revision)
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
        connection.commit()


def _is_behind(connection: Connection, revision: str) -> bool:
    if revision == "head":
        return True
    if revision == "base":
        return False
    has_history = connection.scalar(text("SELECT to_regclass('alembic_version')"))
    current = connection.scalar(text("SELECT version_num FROM alembic_version")) if has_history else None
    return current is None or current < revision


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_PACKAGED if _PACKAGED.is_dir() else _CHECKOUT))
    return config
