"""A relay between an outbox and a bus that can go away."""

from collections.abc import AsyncIterator

import pytest

from ai_platform.runtime.bus import QueueSpec
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Outbox
from ai_platform.runtime.relay import Relay
from tests.integration.bus_tools import Inbox
from tests.integration.outbox.entries import NEVER, SHORT
from tests.integration.outbox.unsteady_bus import UnsteadyBus


@pytest.fixture
async def bus(database: Database) -> AsyncIterator[UnsteadyBus]:
    bus = UnsteadyBus(EmbeddedBus(database, [QueueSpec(name="orders", bindings=("orders.#",))]))
    yield bus
    await bus.close()


@pytest.fixture
async def inbox(bus: UnsteadyBus) -> Inbox:
    """Receives whatever is published."""
    inbox = Inbox()
    await bus.subscribe("orders", inbox, concurrency=100)
    return inbox


@pytest.fixture
async def relay(database: Database, bus: UnsteadyBus) -> AsyncIterator[Relay]:
    """Has whatever it takes for ever: what it publishes within a test, it has from its own process's hand."""
    relay = Relay(Outbox(database, handover=NEVER), bus)
    relay.start()
    yield relay
    await relay.stop()


@pytest.fixture
async def hasty_relay(database: Database, bus: UnsteadyBus) -> AsyncIterator[Relay]:
    """What it has in hand and does not get out is anybody's again after a moment."""
    relay = Relay(Outbox(database, handover=SHORT), bus)
    relay.start()
    yield relay
    await relay.stop()
