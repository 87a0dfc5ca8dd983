"""What cannot be done becomes a dead letter, blocks nobody, and is collected once."""

from collections import Counter

from ai_platform.runtime.bus import Bus, Delivery
from tests.integration.bus_tools import (
    ORDERS,
    Collected,
    Inbox,
    OpenBus,
    a_message,
    confirmed,
    dead_letter,
    depth_becomes,
    fields_of,
    for_queue,
    ids_of,
    numbered,
    redeliver,
)
from tests.support import eventually


async def test_a_message_that_never_succeeds_becomes_a_dead_letter_and_blocks_nobody(bus: Bus) -> None:
    poison, *others = batch = numbered(6)

    async def verdict(delivery: Delivery) -> None:
        await (delivery.redeliver() if delivery.message.id == poison.message.id else delivery.ack())

    inbox = Inbox(verdict)
    await confirmed(bus, batch)
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await depth_becomes(bus, ORDERS.name, dead=1)
    await inbox.holds(len(others) + 1 + ORDERS.delivery_limit)

    assert Counter(inbox.ids) == {poison.message.id: 1 + ORDERS.delivery_limit, **dict.fromkeys(ids_of(others), 1)}


async def test_a_message_that_can_never_be_done_becomes_a_dead_letter_at_once(bus: Bus) -> None:
    inbox = Inbox(dead_letter)
    await confirmed(bus, numbered(2))
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await depth_becomes(bus, ORDERS.name, dead=2)
    assert len(inbox.deliveries) == 2


async def test_a_dead_letter_is_collected_as_it_was_sent_and_leaves_the_queue(bus: Bus) -> None:
    message, collected = a_message(headers={"x-request-id": "abc"}), Collected()
    await confirmed(bus, [for_queue(ORDERS.name, **fields_of(message))])
    await bus.subscribe(ORDERS.name, Inbox(dead_letter), concurrency=1)
    await bus.collect_dead(ORDERS.name, collected)
    await collected.holds(1)

    dead = collected.dead[0]
    assert (dead.id, dead.type, dead.body, dead.headers) == (message.id, message.type, message.body, message.headers)
    assert (dead.queue, dead.reason) == (ORDERS.name, "rejected")
    await depth_becomes(bus, ORDERS.name)


async def test_a_dead_letter_tells_that_it_was_delivered_too_often(bus: Bus) -> None:
    collected = Collected()
    await confirmed(bus, numbered(1))
    await bus.subscribe(ORDERS.name, Inbox(redeliver), concurrency=1)
    await bus.collect_dead(ORDERS.name, collected)
    await collected.holds(1)
    assert (collected.dead[0].reason, collected.dead[0].deliveries) == ("delivery_limit", ORDERS.delivery_limit + 1)


async def test_a_dead_letter_that_cannot_be_collected_comes_again(bus: Bus, open_bus: OpenBus) -> None:
    broken, collected = Collected(breaks=10_000), Collected()
    await confirmed(bus, numbered(1))
    await bus.subscribe(ORDERS.name, Inbox(dead_letter), concurrency=1)
    await depth_becomes(bus, ORDERS.name, dead=1)
    another = open_bus()
    await another.collect_dead(ORDERS.name, broken)
    await eventually(lambda: broken.refused)
    await another.close()
    await bus.collect_dead(ORDERS.name, collected)
    await collected.holds(1)
    assert [one.body for one in collected.dead] == [{"number": 0}]


async def test_many_dead_letters_are_collected_once_each(bus: Bus) -> None:
    collected = Collected()
    batch = numbered(120)
    await confirmed(bus, batch)
    await bus.subscribe(ORDERS.name, Inbox(dead_letter), concurrency=50)
    await bus.collect_dead(ORDERS.name, collected)
    await collected.holds(120)
    await depth_becomes(bus, ORDERS.name)
    assert sorted(one.id for one in collected.dead) == sorted(ids_of(batch))


async def test_collecting_can_be_stopped_before_it_has_begun(bus: Bus) -> None:
    await (await bus.collect_dead(ORDERS.name, Collected())).stop()
