"""Whatever becomes of RabbitMQ or the line to it, nothing confirmed is lost and work goes on."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import aio_pika
import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.bus import Delivery
from ai_platform.runtime.bus_amqp import AmqpBus
from tests.integration.bus_tools import (
    ORDERS,
    Inbox,
    a_bus,
    confirmed,
    depth_becomes,
    for_queue,
    ids_of,
    keep_in_hand,
    numbered,
)
from tests.integration.line import Line
from tests.patience import PATIENCE
from tests.services.process import free_port
from tests.services.rabbitmq import RabbitServer
from tests.services.stack import Services
from tests.support import eventually


@pytest.fixture(scope="module")
def victim() -> Iterator[RabbitServer]:
    """A broker of this module's own: to kill the session's would disturb other tests."""
    with Services(private=True) as services:
        yield services.rabbitmq


async def test_nothing_confirmed_is_lost_when_the_broker_is_killed_and_comes_back(victim: RabbitServer) -> None:
    bus = a_bus(victim.url)
    inbox, confirmed_ids, refusals = Inbox(), set[UUID](), list[Unavailable]()

    async def publish_for_ever() -> None:
        while True:
            batch = numbered(20)
            try:
                outcomes = await bus.publish(batch)
            except Unavailable as error:
                refusals.append(error)
                await asyncio.sleep(0.05)
            else:
                confirmed_ids.update(one for one, refusal in zip(ids_of(batch), outcomes, strict=True) if not refusal)

    await bus.subscribe(ORDERS.name, inbox, concurrency=50)
    await confirmed(bus, numbered(1))
    await inbox.holds(1)
    await asyncio.to_thread(victim.settle)

    publishing = asyncio.create_task(publish_for_ever())
    await eventually(lambda: len(confirmed_ids) >= 400)
    await asyncio.to_thread(victim.kill)
    await eventually(lambda: len(refusals) >= 2)
    await asyncio.to_thread(victim.start)
    before = len(confirmed_ids)
    await eventually(lambda: len(confirmed_ids) >= before + 200 or publishing.done())
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing

    await eventually(lambda: confirmed_ids <= set(inbox.ids))
    assert {error.stable_code for error in refusals} == {"queue_unavailable"}
    await bus.close()


async def test_a_broker_that_was_never_there_is_unavailable() -> None:
    bus = a_bus(f"amqp://guest:guest@127.0.0.1:{free_port()}/")
    for call in (bus.publish(numbered(1)), bus.depth(ORDERS.name), bus.ping()):
        with pytest.raises(Unavailable) as refusal:
            await call
        assert refusal.value.stable_code == "queue_unavailable"
    await bus.close()


async def test_a_subscription_waits_for_a_broker_that_is_not_there_and_can_be_closed() -> None:
    bus = a_bus(f"amqp://guest:guest@127.0.0.1:{free_port()}/")
    await bus.subscribe(ORDERS.name, Inbox(), concurrency=1)
    async with asyncio.timeout(PATIENCE):
        await bus.close()


async def test_publishing_goes_on_after_a_cut_connection(bus: AmqpBus, line: Line) -> None:
    await confirmed(bus, numbered(1))
    line.cut()
    await eventually(lambda: line.open_connections == 0)
    await eventually(lambda: publishes(bus))


async def test_publishing_goes_on_when_connections_are_cut_under_load(bus: AmqpBus, line: Line) -> None:
    inbox = Inbox()
    await bus.subscribe(ORDERS.name, inbox, concurrency=50)
    await confirmed(bus, numbered(1))
    for _ in range(5):
        publishing = asyncio.create_task(bus.publish(numbered(300)))
        known = len(inbox.deliveries)
        await eventually(lambda known: len(inbox.deliveries) > known, known)
        line.cut()
        outcomes = (await asyncio.gather(publishing, return_exceptions=True))[0]
        assert isinstance(outcomes, list | Unavailable)
        await eventually(lambda: publishes(bus))


async def test_a_subscription_goes_on_after_a_cut_connection(bus: AmqpBus, line: Line) -> None:
    held_then_done = Inbox(ack_when_redelivered)
    outgoing = for_queue(ORDERS.name)
    await bus.subscribe(ORDERS.name, held_then_done, concurrency=5)
    await confirmed(bus, [outgoing])
    await held_then_done.holds(1)
    line.cut()

    await held_then_done.holds(2)
    assert held_then_done.ids == [outgoing.message.id] * 2
    await depth_becomes(bus, ORDERS.name)


async def test_work_in_hand_goes_on_when_the_connection_is_cut(bus: AmqpBus, line: Line) -> None:
    answer, finished = asyncio.Event(), list[bool]()

    async def wait_for_a_model(delivery: Delivery) -> None:
        await answer.wait()
        finished.append(delivery.redeliveries == 0)
        await delivery.ack()

    inbox = Inbox(wait_for_a_model)
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await confirmed(bus, numbered(1))
    await inbox.holds(1)
    line.cut()
    await inbox.holds(2)
    answer.set()

    await eventually(lambda: sorted(finished) == [False, True])
    await depth_becomes(bus, ORDERS.name)


async def test_a_verdict_on_a_connection_that_is_gone_is_no_error(bus: AmqpBus, line: Line) -> None:
    inbox = Inbox(keep_in_hand)
    subscription = await bus.subscribe(ORDERS.name, inbox, concurrency=3)
    await confirmed(bus, numbered(3))
    await inbox.holds(3)
    await subscription.stop()
    line.cut()
    await eventually(lambda: line.open_connections == 0)

    done, again, dead = inbox.deliveries
    await done.ack()
    await again.redeliver()
    await dead.dead_letter()
    await depth_becomes(bus, ORDERS.name, ready=3)


async def test_a_subscription_goes_on_after_its_queue_was_deleted(bus: AmqpBus, rabbitmq_url: str) -> None:
    inbox = Inbox()
    await bus.subscribe(ORDERS.name, inbox, concurrency=5)
    await confirmed(bus, numbered(1))
    await inbox.holds(1)
    async with await aio_pika.connect(rabbitmq_url) as connection:
        await (await connection.channel()).queue_delete(ORDERS.name)

    await eventually(lambda: publishes(bus))
    await inbox.holds(2)


async def test_publishing_and_consuming_have_connections_of_their_own(bus: AmqpBus, line: Line) -> None:
    await confirmed(bus, numbered(5))
    assert line.open_connections == 1
    inbox = Inbox()
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await inbox.holds(5)
    assert line.open_connections == 2

    await bus.close()
    await eventually(lambda: line.open_connections == 0)


async def publishes(bus: AmqpBus) -> bool:
    try:
        return await bus.publish(numbered(1)) == [None]
    except Unavailable:
        return False


async def ack_when_redelivered(delivery: Delivery) -> None:
    if delivery.redeliveries:
        await delivery.ack()
