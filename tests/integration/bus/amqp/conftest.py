"""A bus on RabbitMQ, on a line that can be cut."""

from collections.abc import AsyncIterator

import pytest

from ai_platform.runtime.bus_amqp import AmqpBus
from tests.integration.bus_tools import a_bus
from tests.integration.line import Line


@pytest.fixture
async def line(rabbitmq_url: str) -> AsyncIterator[Line]:
    async with Line(rabbitmq_url) as line:
        yield line


@pytest.fixture
async def bus(line: Line) -> AsyncIterator[AmqpBus]:
    """On a line that can be cut."""
    bus = a_bus(line.url)
    yield bus
    await bus.close()
