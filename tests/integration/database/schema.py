"""The history of the schema, and where in it a database is."""

from pathlib import Path

from alembic.script import ScriptDirectory

from ai_platform.runtime.db import Database


def script() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parents[3] / "migrations"))


async def revision_of(url: str) -> str | None:
    database = Database(url)
    try:
        return await database.schema_revision()
    finally:
        await database.close()
