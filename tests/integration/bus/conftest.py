"""A bus on RabbitMQ and one on PostgreSQL: what asks for `bus` runs on both."""

from collections.abc import AsyncIterator

import pytest

from ai_platform.runtime.bus import Bus, QueueSpec
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.db import Database
from tests.integration.bus_tools import ORDERS, OpenBus, a_bus


@pytest.fixture(params=["RabbitMQ", "embedded"])
async def open_bus(request: pytest.FixtureRequest) -> AsyncIterator[OpenBus]:
    amqp = request.param == "RabbitMQ"
    url: str = request.getfixturevalue("rabbitmq_url" if amqp else "database_url")
    opened: list[Bus] = []
    databases: list[Database] = []

    def open_one(*queues: QueueSpec) -> Bus:
        if amqp:
            opened.append(a_bus(url, *queues))
        else:
            databases.append(Database(url))
            opened.append(EmbeddedBus(databases[-1], queues or [ORDERS]))
        return opened[-1]

    yield open_one
    for bus in opened:
        await bus.close()
    for database in databases:
        await database.close()


@pytest.fixture
def bus(open_bus: OpenBus) -> Bus:
    return open_bus()
