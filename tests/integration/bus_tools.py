"""Messages, queues and receivers for the tests of the bus."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.runtime.bus import (
    Bus,
    DeadMessage,
    Delivery,
    Message,
    Outgoing,
    QueueDepth,
    QueueName,
    QueueSpec,
    Topic,
)
from ai_platform.runtime.bus_amqp import AmqpBus
from tests.patience import PATIENCE
from tests.support import eventually

ORDERS = QueueSpec(name="orders", delivery_limit=3)

OpenBus = Callable[..., Bus]
"""Another bus with these queues on the same broker, as another process would have it; closed after the test."""

Verdict = Callable[[Delivery], Awaitable[None]]


def a_bus(url: str, *queues: QueueSpec) -> AmqpBus:
    return AmqpBus(url, queues or [ORDERS], event_exchange="events")


def a_message(**changes: Any) -> Message:
    return Message(**{"id": new_id(), "type": "orders.placed", "body": {"total": 42}, **changes})


def for_queue(name: str, **changes: Any) -> Outgoing:
    return Outgoing(QueueName(name), a_message(**changes))


def for_topic(routing_key: str, **changes: Any) -> Outgoing:
    return Outgoing(Topic(routing_key), a_message(**changes))


def fields_of(message: Message) -> dict[str, object]:
    return {name: getattr(message, name) for name in ("id", "type", "body", "headers")}


def numbered(count: int, queue: str = ORDERS.name) -> list[Outgoing]:
    return [for_queue(queue, body={"number": number}) for number in range(count)]


def ids_of(batch: Sequence[Outgoing]) -> list[UUID]:
    return [outgoing.message.id for outgoing in batch]


async def acknowledge(delivery: Delivery) -> None:
    await delivery.ack()


async def redeliver(delivery: Delivery) -> None:
    await delivery.redeliver()


async def dead_letter(delivery: Delivery) -> None:
    await delivery.dead_letter()


async def keep_in_hand(_: Delivery) -> None:
    """No verdict."""


class Inbox:
    """Receives, remembers, and gives each delivery the same verdict."""

    def __init__(self, verdict: Verdict = acknowledge) -> None:
        self.deliveries: list[Delivery] = []
        self._verdict = verdict

    async def __call__(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        await self._verdict(delivery)

    @property
    def messages(self) -> list[Message]:
        return [delivery.message for delivery in self.deliveries]

    @property
    def ids(self) -> list[UUID]:
        return [message.id for message in self.messages]

    async def holds(self, count: int, *, within: float = PATIENCE) -> None:
        """Wait until it has received at least that many."""
        await eventually(lambda: len(self.deliveries) >= count, within=within)


class Collected:
    """Remembers the dead letters that it collects; breaks as often as it is told to."""

    def __init__(self, *, breaks: int = 0) -> None:
        self.dead: list[DeadMessage] = []
        self.refused = 0
        self._breaks = breaks

    async def __call__(self, dead: DeadMessage) -> None:
        if self._breaks:
            self._breaks -= 1
            self.refused += 1
            raise Unavailable("the database is away")
        self.dead.append(dead)

    async def holds(self, count: int, *, within: float = PATIENCE) -> None:
        await eventually(lambda: len(self.dead) >= count, within=within)


async def depth_becomes(bus: Bus, queue: str, *, ready: int = 0, dead: int = 0) -> None:
    async def is_so() -> bool:
        return await bus.depth(queue) == QueueDepth(ready, dead)

    await eventually(is_so)


async def confirmed(bus: Bus, batch: Sequence[Outgoing]) -> None:
    outcomes = await bus.publish(batch)
    assert [refusal for refusal in outcomes if refusal is not None] == []
    assert len(outcomes) == len(batch)
