"""A shop on a real PostgreSQL, and one behind the gateway."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ai_platform.runtime.db import Database

pytest.register_assert_rewrite(
    "tests.integration.orders.counter",
    "tests.integration.orders.shop",
    "tests.unit.commerce.order_suite_keeping",
    "tests.unit.commerce.order_suite_ordering",
    "tests.unit.commerce.order_suite_second_step",
    "tests.unit.commerce.payment_suite_keeping",
    "tests.unit.commerce.payment_suite_scheduling",
)

from tests.integration.orders.counter import Counter  # noqa: E402 - its assertions are rewritten
from tests.integration.orders.shop import Shop  # noqa: E402
from tests.integration.tenancy.conftest import Installation, install, platform  # noqa: E402

__all__ = ["install", "platform"]


@pytest_asyncio.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    database = Database(database_url)
    yield Shop(database)
    await database.close()


@pytest_asyncio.fixture
async def next_door(database_url: str) -> AsyncIterator[Shop]:
    """The same shop, served by another gateway."""
    database = Database(database_url)
    yield Shop(database)
    await database.close()


@pytest_asyncio.fixture
async def counter(platform: Installation) -> AsyncIterator[Counter]:
    tenant = await platform.tenant()
    async with platform.caller(tenant["api_key"]) as http:
        yield Counter(platform, tenant["id"], http)
