"""What goes ahead by express: a message that comes alone. Its original follows in any case."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime import outbox
from ai_platform.runtime.bus import Message, QueueName, QueueSpec, Topic
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.consuming import Consumer
from ai_platform.runtime.db import Database
from ai_platform.runtime.express import MemoryExpress
from ai_platform.runtime.outbox import Entry, Outbox
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics
from tests.integration.bus_tools import Inbox
from tests.support import eventually

ORDERS = QueueSpec(name="orders", bindings=("orders.#",))


class NotedExpress(MemoryExpress):
    """Notes what went this way."""

    def __init__(self) -> None:
        super().__init__()
        self.handed: list[tuple[str, Message]] = []

    def hand(self, queue: str, message: Message) -> None:
        self.handed.append((queue, message))
        super().hand(queue, message)


@pytest.fixture
async def bus(database: Database) -> AsyncIterator[EmbeddedBus]:
    bus = EmbeddedBus(database, [ORDERS])
    yield bus
    await bus.close()


@pytest.fixture
def express() -> NotedExpress:
    return NotedExpress()


@pytest.fixture
async def relay(database: Database, bus: EmbeddedBus, express: NotedExpress) -> AsyncIterator[Relay]:
    relay = Relay(Outbox(database), bus, express)
    relay.start()
    yield relay
    await relay.stop()


def an_entry(to: QueueName | Topic = QueueName("orders"), due: datetime | None = None) -> Entry:  # noqa: B008
    return Entry(to=to, type="orders.placed", body={"total": 42}, due=due)


async def committed(database: Database, relay: Relay, *entries: Entry) -> None:
    async with database.transaction(DEFAULT_TENANT) as connection:
        await outbox.write(connection, entries)
    relay.take(entries)


async def test_a_lone_message_goes_ahead_and_its_original_follows(
    database: Database, bus: EmbeddedBus, relay: Relay, express: NotedExpress
) -> None:
    inbox, entry = Inbox(), an_entry()
    await bus.subscribe("orders", inbox, concurrency=10)

    await committed(database, relay, entry)

    assert express.handed == [("orders", entry.outgoing().message)]
    await inbox.holds(1)
    assert inbox.messages == [entry.outgoing().message]


async def test_what_comes_together_takes_the_queue(
    database: Database, bus: EmbeddedBus, relay: Relay, express: NotedExpress
) -> None:
    inbox = Inbox()
    await bus.subscribe("orders", inbox, concurrency=10)

    await committed(database, relay, an_entry(), an_entry())

    await inbox.holds(2)
    assert express.handed == []


async def test_what_comes_close_upon_another_takes_the_queue(relay: Relay, express: NotedExpress) -> None:
    first, second = an_entry(), an_entry()
    relay.take([first])
    relay.take([second])

    assert express.handed == [("orders", first.outgoing().message)]


async def test_neither_facts_nor_what_is_for_later_go_ahead(relay: Relay, express: NotedExpress) -> None:
    relay.take([an_entry(Topic("orders.placed.v1"))])
    relay.take([an_entry(due=datetime.now(UTC) + timedelta(hours=1))])

    assert express.handed == []


async def test_a_message_that_came_both_ways_is_worked_on_once(
    database: Database, bus: EmbeddedBus, relay: Relay, express: NotedExpress
) -> None:
    worked: list[Message] = []
    metrics = Metrics()

    async def work(message: Message) -> None:
        worked.append(message)

    consumer = Consumer("orders", work, ready=bus.ping, metrics=metrics, concurrency=10, express=express)
    await consumer.start(bus)
    entry = an_entry()
    await committed(database, relay, entry)

    done = {"queue": "orders", "outcome": "done"}
    await eventually(lambda: metrics.registry.get_sample_value("queue_messages_total", done) == 1)
    await consumer.stop()
    await consumer.close()
    assert worked == [entry.outgoing().message]
    assert (await bus.depth("orders")).ready == 0
