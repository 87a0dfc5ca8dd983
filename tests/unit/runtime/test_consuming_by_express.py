"""A message that came by express is worked on once: its original joins that work, or is only acknowledged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import pytest

from ai_platform.kernel.errors import InvalidInput, Unavailable
from ai_platform.runtime.bus import Bus, Message
from ai_platform.runtime.consuming import Consumer
from ai_platform.runtime.express import MemoryExpress
from tests.support import eventually
from tests.unit.runtime.deliveries import FakeDelivery, a_consumer, failing_with


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
