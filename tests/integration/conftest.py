"""A database of the test's own, as the application opens it."""

from collections.abc import AsyncIterator

import pytest

from ai_platform.runtime.db import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()
