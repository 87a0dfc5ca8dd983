"""Entries of an outbox, and how many of them are still to go out."""

from typing import Any

import asyncpg

from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime import outbox
from ai_platform.runtime.bus import QueueName
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Entry
from tests.support import eventually

NEVER = 600.0
SHORT = 0.4


def an_entry(**changes: Any) -> Entry:
    return Entry(**{"to": QueueName("orders"), "type": "orders.placed", "body": {"total": 42}, **changes})


async def commit(database: Database, *entries: Entry, handover: float = NEVER) -> None:
    """As a tenant's use case would write them."""
    async with database.transaction(DEFAULT_TENANT) as connection:
        await outbox.write(connection, entries, handover=handover)


async def rows_left(database: Database) -> int:
    connection = await asyncpg.connect(database.listen_dsn())
    try:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))
    finally:
        await connection.close()


async def outbox_is_empty(database: Database) -> None:
    async def is_empty() -> bool:
        return await rows_left(database) == 0

    await eventually(is_empty)
