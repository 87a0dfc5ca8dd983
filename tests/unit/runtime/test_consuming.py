"""What becomes of a message's work decides what becomes of its delivery."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import pytest

from ai_platform.kernel.errors import Conflict, InvalidInput, Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.runtime import tracing
from ai_platform.runtime.bus import Bus, Message
from ai_platform.runtime.consuming import Consumer
from ai_platform.runtime.express import MemoryExpress
from ai_platform.runtime.telemetry import Metrics
from tests.support import eventually


class FakeDelivery:
    def __init__(
        self, redeliveries: int = 0, headers: Mapping[str, str] | None = None, message: Message | None = None
    ) -> None:
        self.message = message or Message(id=new_id(), type="orders.placed", body={}, headers=headers or {})
        self.redeliveries = redeliveries
        self.verdicts: list[str] = []

    async def ack(self) -> None:
        self.verdicts.append("ack")

    async def redeliver(self) -> None:
        self.verdicts.append("redeliver")

    async def dead_letter(self) -> None:
        self.verdicts.append("dead_letter")


class Database:
    """Away for the first few times that it is asked."""

    def __init__(self, away: int = 0) -> None:
        self.away = away

    async def ping(self) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("The database is away.")


def a_consumer(handle: Callable[[Message], Awaitable[None]], **changes: Any) -> tuple[Consumer, Metrics]:
    metrics = Metrics()
    options = {"ready": Database().ping, "metrics": metrics, "concurrency": 10, **changes}
    return Consumer("orders", handle, **options), metrics


def failing_with(*errors: Exception) -> Callable[[Message], Awaitable[None]]:
    """Fails once with each, then succeeds."""
    left = list(errors)

    async def handle(_: Message) -> None:
        if left:
            raise left.pop(0)

    return handle


def counted(metrics: Metrics, outcome: str) -> float | None:
    return metrics.registry.get_sample_value("queue_messages_total", {"queue": "orders", "outcome": outcome})


@pytest.mark.parametrize(
    ("errors", "verdict", "outcome"),
    [
        ([], "ack", "done"),
        ([InvalidInput("no such field")], "dead_letter", "dead_lettered"),
        ([Conflict("somebody was quicker")], "redeliver", "redelivered"),
        ([RuntimeError("a fault")], "redeliver", "redelivered"),
    ],
    ids=["done", "invalid", "conflict", "fault"],
)
async def test_each_end_of_the_work_has_its_verdict(errors: list[Exception], verdict: str, outcome: str) -> None:
    consumer, metrics = a_consumer(failing_with(*errors))
    delivery = FakeDelivery()
    await consumer.receive(delivery)
    assert delivery.verdicts == [verdict]
    assert counted(metrics, outcome) == 1


async def test_while_something_is_away_the_message_is_kept_in_hand() -> None:
    database = Database(away=1)
    consumer, metrics = a_consumer(failing_with(Unavailable("away")), ready=database.ping)
    delivery = FakeDelivery()
    await consumer.receive(delivery)
    assert delivery.verdicts == ["ack"]
    assert database.away == 0
    assert counted(metrics, "done") == 1


async def test_cancelled_work_gets_no_verdict() -> None:
    async def for_ever(_: Message) -> None:
        await asyncio.Event().wait()

    consumer, _ = a_consumer(for_ever)
    delivery = FakeDelivery()
    receiving = asyncio.create_task(consumer.receive(delivery))
    await asyncio.sleep(0)
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert delivery.verdicts == []


async def test_the_work_continues_the_trace_of_its_message() -> None:
    seen: list[tracing.Trace | None] = []

    async def look(_: Message) -> None:
        seen.append(tracing.current())

    trace = tracing.begin("request-1")
    consumer, _ = a_consumer(look)
    await consumer.receive(FakeDelivery(headers=trace.headers()))
    assert seen[0] is not None
    assert (seen[0].request_id, seen[0].trace_id) == ("request-1", trace.trace_id)
    assert tracing.current() is None


class FakeBus:
    """Takes the subscription; the test delivers."""

    async def subscribe(self, _queue: str, _receive: object, *, concurrency: int) -> "FakeBus":  # noqa: ARG002
        return self

    async def stop(self) -> None:
        return None


class Gate:
    """A handler that waits to be let through, and notes what it was given."""

    def __init__(self, *errors: Exception) -> None:
        self.given: list[UUID] = []
        self.open = asyncio.Event()
        self._fail = failing_with(*errors)

    async def __call__(self, message: Message) -> None:
        self.given.append(message.id)
        await self.open.wait()
        await self._fail(message)


@asynccontextmanager
async def by_express(handle: Gate, **changes: Any) -> AsyncIterator[tuple[Consumer, MemoryExpress]]:
    """A consumer that already asks for copies."""
    express = MemoryExpress()
    consumer, _ = a_consumer(handle, express=express, **changes)
    await consumer.start(cast("Bus", FakeBus()))
    await asyncio.sleep(0)
    yield consumer, express
    await consumer.stop()
    await consumer.close()


async def test_the_original_joins_the_work_on_its_copy() -> None:
    handle, delivery = Gate(), FakeDelivery()
    async with by_express(handle) as (consumer, express):
        express.hand("orders", delivery.message)
        await eventually(lambda: handle.given)
        receiving = asyncio.create_task(consumer.receive(delivery))
        await asyncio.sleep(0)
        assert delivery.verdicts == []
        handle.open.set()
        await receiving

    assert handle.given == [delivery.message.id]
    assert delivery.verdicts == ["ack"]


async def test_an_original_that_comes_after_the_work_is_only_acknowledged() -> None:
    handle, delivery = Gate(), FakeDelivery()
    handle.open.set()
    async with by_express(handle) as (consumer, express):
        express.hand("orders", delivery.message)
        await eventually(lambda: handle.given)
        await consumer.receive(delivery)
        await consumer.receive(again := FakeDelivery(message=delivery.message))

    assert handle.given == [delivery.message.id]
    assert delivery.verdicts == again.verdicts == ["ack"]


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ([RuntimeError("a fault")], "ack"),
        ([RuntimeError("a fault"), RuntimeError("again")], "redeliver"),
        ([InvalidInput("no such field"), InvalidInput("no such field")], "dead_letter"),
        ([Unavailable("away")], "ack"),
    ],
    ids=["once", "twice", "invalid", "away"],
)
async def test_what_failed_on_the_copy_is_done_with_the_original(errors: list[Exception], verdict: str) -> None:
    handle, delivery = Gate(*errors), FakeDelivery()
    handle.open.set()
    async with by_express(handle) as (consumer, express):
        express.hand("orders", delivery.message)
        await eventually(lambda: handle.given)
        await consumer.receive(delivery)

    assert handle.given == [delivery.message.id] * 2
    assert delivery.verdicts == [verdict]


async def test_a_copy_that_comes_after_its_original_is_left() -> None:
    handle, delivery, other = Gate(), FakeDelivery(), FakeDelivery()
    handle.open.set()
    async with by_express(handle) as (consumer, express):
        await consumer.receive(delivery)
        express.hand("orders", delivery.message)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        express.hand("orders", other.message)
        await eventually(lambda: other.message.id in handle.given)

    assert handle.given == [delivery.message.id, other.message.id]


async def test_copies_are_taken_while_a_hand_is_free() -> None:
    handle, first, second = Gate(), FakeDelivery(), FakeDelivery()
    async with by_express(handle, concurrency=1) as (consumer, express):
        receiving = asyncio.create_task(consumer.receive(first))
        await eventually(lambda: handle.given)
        express.hand("orders", second.message)  # the question that is out already
        await eventually(lambda: len(handle.given) == 2)
        express.hand("orders", FakeDelivery().message)
        handle.open.set()
        await receiving

    assert handle.given == [first.message.id, second.message.id]


async def test_work_on_a_copy_that_is_interrupted_is_left_to_the_original() -> None:
    handle, delivery = Gate(), FakeDelivery()
    async with by_express(handle) as (consumer, express):
        express.hand("orders", delivery.message)
        await eventually(lambda: handle.given)
        await consumer.stop()
        express.hand("orders", FakeDelivery().message)
        receiving = asyncio.create_task(consumer.receive(delivery))
        await asyncio.sleep(0)
        await consumer.close()
        handle.open.set()
        await receiving

    assert handle.given == [delivery.message.id] * 2
    assert delivery.verdicts == ["ack"]
