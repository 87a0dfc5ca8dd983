"""What becomes of a message's work decides what becomes of its delivery."""

import asyncio

import pytest

from ai_platform.kernel.errors import Conflict, InvalidInput, Unavailable
from ai_platform.runtime import tracing
from ai_platform.runtime.bus import Message
from ai_platform.runtime.telemetry import Metrics
from tests.unit.runtime.deliveries import Database, FakeDelivery, a_consumer, failing_with


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
