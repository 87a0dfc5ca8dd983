"""A database with two tenants."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from ai_platform.runtime.db import Database
from ai_platform.runtime.db_pool import PoolOptions
from tests.integration.database.rows import OTHER_TENANT


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """With two tenants. One connection, so that each transaction gets the one that the last has used."""
    database = Database(database_url, PoolOptions(size=1, overflow=0))
    owner = await asyncpg.connect(database_url)
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'other')", OTHER_TENANT)
    await owner.close()
    yield database
    await database.close()
