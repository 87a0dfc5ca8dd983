"""A message comes as it was sent, in its order, until somebody has done it."""

import asyncio
from collections import Counter

from ai_platform.runtime.bus import Bus, Delivery
from tests.integration.bus_tools import (
    ORDERS,
    Inbox,
    OpenBus,
    a_message,
    acknowledge,
    confirmed,
    depth_becomes,
    fields_of,
    for_queue,
    ids_of,
    keep_in_hand,
    numbered,
    redeliver,
)
from tests.support import eventually


async def test_a_message_arrives_as_it_was_sent(bus: Bus) -> None:
    message = a_message(
        type="orders.placed.v1",
        body={"text": "nasi goreng 🍛 \u0007", "lines": [{"sku": "A-1", "quantity": 2}], "none": None, "price": 1.5},
        headers={"x-request-id": "abc", "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"},
    )
    inbox = Inbox()
    await confirmed(bus, [for_queue(ORDERS.name, **fields_of(message))])
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await inbox.holds(1)

    assert inbox.messages == [message]
    assert inbox.deliveries[0].redeliveries == 0


async def test_what_is_published_later_arrives_too(bus: Bus) -> None:
    inbox = Inbox()
    await bus.subscribe(ORDERS.name, inbox, concurrency=5)
    for wave in range(3):
        await confirmed(bus, numbered(4))
        await inbox.holds((wave + 1) * 4)


async def test_an_acknowledged_message_does_not_come_again(bus: Bus, open_bus: OpenBus) -> None:
    first, second = Inbox(), Inbox()
    await confirmed(bus, numbered(2))
    await bus.subscribe(ORDERS.name, first, concurrency=2)
    await first.holds(2)
    await depth_becomes(bus, ORDERS.name)
    await bus.close()

    another = open_bus()
    await another.subscribe(ORDERS.name, second, concurrency=2)
    marker = for_queue(ORDERS.name)
    await confirmed(another, [marker])
    await second.holds(1)
    assert second.ids == [marker.message.id]


async def test_a_redelivered_message_comes_again_and_says_how_often(bus: Bus) -> None:
    async def third_time(delivery: Delivery) -> None:
        await (delivery.ack() if delivery.redeliveries == 2 else delivery.redeliver())

    inbox = Inbox(third_time)
    outgoing = for_queue(ORDERS.name)
    await confirmed(bus, [outgoing])
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await inbox.holds(3)

    assert inbox.messages == [outgoing.message] * 3
    assert [delivery.redeliveries for delivery in inbox.deliveries] == [0, 1, 2]
    await depth_becomes(bus, ORDERS.name)


async def test_a_receiver_that_breaks_gets_the_message_again(bus: Bus) -> None:
    async def break_once(delivery: Delivery) -> None:
        if delivery.redeliveries == 0:
            raise RuntimeError("broken receiver")
        await delivery.ack()

    inbox = Inbox(break_once)
    await confirmed(bus, numbered(1))
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await inbox.holds(2)
    await depth_becomes(bus, ORDERS.name)


async def test_no_more_than_the_concurrency_is_in_hand(bus: Bus) -> None:
    inbox = Inbox(keep_in_hand)
    await confirmed(bus, numbered(10))
    await bus.subscribe(ORDERS.name, inbox, concurrency=3)
    await inbox.holds(3)
    await depth_becomes(bus, ORDERS.name, ready=7)

    await inbox.deliveries[0].ack()
    await inbox.holds(4)
    await depth_becomes(bus, ORDERS.name, ready=6)
    assert len(inbox.deliveries) == 4


async def test_the_order_is_kept_for_one_hand(bus: Bus) -> None:
    batch = numbered(50)
    inbox = Inbox()
    await confirmed(bus, batch[:25])
    await confirmed(bus, batch[25:])
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await inbox.holds(50)
    assert inbox.ids == ids_of(batch)


async def test_two_consumers_share_the_work_without_doubles(bus: Bus, open_bus: OpenBus) -> None:
    batch = numbered(200)
    everything: list[Delivery] = []
    both_work = asyncio.Event()

    async def share(delivery: Delivery) -> None:
        everything.append(delivery)
        await both_work.wait()
        await delivery.ack()

    inboxes = [Inbox(share), Inbox(share)]
    await confirmed(bus, batch)
    await bus.subscribe(ORDERS.name, inboxes[0], concurrency=10)
    await open_bus().subscribe(ORDERS.name, inboxes[1], concurrency=10)
    for inbox in inboxes:
        await inbox.holds(10)
    both_work.set()
    await eventually(lambda: len(everything) >= len(batch))
    await depth_becomes(bus, ORDERS.name)

    assert Counter(delivery.message.id for delivery in everything) == dict.fromkeys(ids_of(batch), 1)


async def test_verdicts_of_many_at_once_all_count(bus: Bus) -> None:
    async def every_other(delivery: Delivery) -> None:
        if delivery.redeliveries == 0 and delivery.message.body["number"] % 2:
            await redeliver(delivery)
        else:
            await acknowledge(delivery)

    inbox = Inbox(every_other)
    await confirmed(bus, numbered(100))
    await bus.subscribe(ORDERS.name, inbox, concurrency=50)
    await inbox.holds(150)
    await depth_becomes(bus, ORDERS.name)
    assert len(inbox.deliveries) == 150
