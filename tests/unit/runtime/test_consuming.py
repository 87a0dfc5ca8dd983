"""What becomes of a message's work decides what becomes of its delivery."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from ai_platform.kernel.errors import Conflict, InvalidInput, Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.runtime import tracing
from ai_platform.runtime.bus import Message
from ai_platform.runtime.consuming import Consumer
from ai_platform.runtime.telemetry import Metrics


class FakeDelivery:
    def __init__(self, redeliveries: int = 0, headers: Mapping[str, str] | None = None) -> None:
        self.message = Message(id=new_id(), type="orders.placed", body={}, headers=headers or {})
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
    return Consumer("orders", handle, **{"ready": Database().ping, "metrics": metrics, **changes}), metrics


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
