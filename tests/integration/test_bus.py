"""What every bus promises, by one suite for both adapters."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from ai_platform.runtime.bus import Bus, Delivery, QueueSpec
from ai_platform.runtime.bus_amqp import AmqpBus
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.db import Database
from tests.integration.bus_tools import (
    ORDERS,
    Collected,
    Inbox,
    OpenBus,
    a_message,
    acknowledge,
    confirmed,
    dead_letter,
    depth_becomes,
    for_queue,
    for_topic,
    ids_of,
    keep_in_hand,
    numbered,
    redeliver,
)
from tests.support import eventually


@pytest.fixture(params=["RabbitMQ", "embedded"])
async def open_bus(request: pytest.FixtureRequest) -> AsyncIterator[OpenBus]:
    amqp = request.param == "RabbitMQ"
    url: str = request.getfixturevalue("rabbitmq_url" if amqp else "database_url")
    opened: list[Bus] = []
    databases: list[Database] = []

    def open_one(*queues: QueueSpec) -> Bus:
        if amqp:
            opened.append(AmqpBus(url, queues or [ORDERS], event_exchange="events"))
        else:
            databases.append(Database(url))
            opened.append(EmbeddedBus(databases[-1], queues or [ORDERS]))
        return opened[-1]

    yield open_one
    for bus in opened:
        await bus.close()
    for database in databases:
        await database.close()


@pytest.fixture
def bus(open_bus: OpenBus) -> Bus:
    return open_bus()


async def test_a_message_arrives_as_it_was_sent(bus: Bus) -> None:
    message = a_message(
        type="orders.placed.v1",
        body={"text": "nasi goreng 🍛 \u0007", "lines": [{"sku": "A-1", "quantity": 2}], "none": None, "price": 1.5},
        headers={"x-request-id": "abc", "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"},
    )
    inbox = Inbox()
    await confirmed(bus, [for_queue(ORDERS.name, **_fields(message))])
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


async def test_an_unknown_queue_costs_only_its_own_entry(bus: Bus) -> None:
    known, unknown = numbered(2), for_queue("nobody_declared_this")
    outcomes = await bus.publish([known[0], unknown, known[1]])

    assert [outcome is None for outcome in outcomes] == [True, False, True]
    inbox = Inbox()
    await bus.subscribe(ORDERS.name, inbox, concurrency=2)
    await inbox.holds(2)
    assert set(inbox.ids) == set(ids_of(known))


async def test_nothing_to_publish_is_fine(bus: Bus) -> None:
    assert await bus.publish([]) == []


async def test_a_topic_reaches_every_queue_that_is_bound_to_it(open_bus: OpenBus) -> None:
    bus = open_bus(
        QueueSpec(name="one_word", bindings=("jobs.*.v1",)),
        QueueSpec(name="any_words", bindings=("jobs.#",)),
        QueueSpec(name="twice", bindings=("#", "jobs.done.v1")),
    )
    inboxes = {name: Inbox() for name in ("one_word", "any_words", "twice")}
    for name, inbox in inboxes.items():
        await bus.subscribe(name, inbox, concurrency=10)
    topics = ["jobs.done.v1", "jobs.done.late.v1", "jobs", "tickets.done.v1"]
    await confirmed(bus, [for_topic(topic, type=topic) for topic in topics])

    await inboxes["one_word"].holds(1)
    await inboxes["any_words"].holds(3)
    await inboxes["twice"].holds(4)
    received = {name: sorted(message.type for message in inbox.messages) for name, inbox in inboxes.items()}
    assert received == {
        "one_word": ["jobs.done.v1"],
        "any_words": ["jobs", "jobs.done.late.v1", "jobs.done.v1"],
        "twice": sorted(topics),
    }


async def test_a_topic_that_nobody_is_bound_to_is_fine(bus: Bus) -> None:
    await confirmed(bus, [for_topic("nobody.listens.v1")])


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
    await confirmed(bus, [for_queue(ORDERS.name, **_fields(message))])
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


async def test_the_depth_tells_who_consumes(bus: Bus) -> None:
    assert (await bus.depth(ORDERS.name)).consumers == 0
    subscription = await bus.subscribe(ORDERS.name, Inbox(), concurrency=1)

    async def consumers() -> int:
        return (await bus.depth(ORDERS.name)).consumers

    async def is_consumed() -> bool:
        return await consumers() == 1

    await eventually(is_consumed)
    await subscription.stop()
    assert await consumers() == 0


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


async def test_a_stopped_subscription_takes_no_more(bus: Bus) -> None:
    inbox = Inbox()
    subscription = await bus.subscribe(ORDERS.name, inbox, concurrency=5)
    await confirmed(bus, numbered(1))
    await inbox.holds(1)
    await subscription.stop()

    await confirmed(bus, numbered(3))
    await depth_becomes(bus, ORDERS.name, ready=3)
    assert len(inbox.deliveries) == 1


async def test_stopping_twice_is_fine(bus: Bus) -> None:
    subscription = await bus.subscribe(ORDERS.name, Inbox(), concurrency=1)
    await subscription.stop()
    await subscription.stop()


async def test_a_subscription_can_be_stopped_before_it_has_begun(bus: Bus) -> None:
    subscription = await bus.subscribe(ORDERS.name, Inbox(), concurrency=1)
    await subscription.stop()
    await confirmed(bus, numbered(1))
    await depth_becomes(bus, ORDERS.name, ready=1)


async def test_a_verdict_after_the_stop_still_counts(bus: Bus, open_bus: OpenBus) -> None:
    inbox, next_inbox = Inbox(keep_in_hand), Inbox(keep_in_hand)
    batch = numbered(3)
    await confirmed(bus, batch)
    subscription = await bus.subscribe(ORDERS.name, inbox, concurrency=3)
    await inbox.holds(3)
    await subscription.stop()
    done, again, dead = inbox.deliveries
    await done.ack()
    await again.redeliver()
    await dead.dead_letter()
    await depth_becomes(bus, ORDERS.name, ready=1, dead=1)

    another = open_bus()
    await another.subscribe(ORDERS.name, next_inbox, concurrency=3)
    await next_inbox.holds(1)
    assert next_inbox.ids == [again.message.id]


async def test_closing_gives_back_what_is_in_hand(bus: Bus, open_bus: OpenBus) -> None:
    batch = numbered(4)
    held, taken_over = Inbox(keep_in_hand), Inbox()
    await confirmed(bus, batch)
    await bus.subscribe(ORDERS.name, held, concurrency=2)
    await held.holds(2)
    await bus.close()

    await open_bus().subscribe(ORDERS.name, taken_over, concurrency=4)
    await taken_over.holds(4)
    assert sorted(taken_over.ids) == sorted(ids_of(batch))


async def test_closing_interrupts_what_is_still_being_worked_on(bus: Bus, open_bus: OpenBus) -> None:
    interrupted: list[Delivery] = []

    async def work_for_ever(delivery: Delivery) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            interrupted.append(delivery)
            raise

    held, taken_over = Inbox(work_for_ever), Inbox()
    await confirmed(bus, numbered(1))
    await bus.subscribe(ORDERS.name, held, concurrency=1)
    await held.holds(1)
    await bus.close()
    assert interrupted == held.deliveries

    await open_bus().subscribe(ORDERS.name, taken_over, concurrency=1)
    await taken_over.holds(1)


async def test_closing_twice_or_unused_is_fine(open_bus: OpenBus) -> None:
    unused = open_bus()
    await unused.close()
    await unused.close()


async def test_the_depth_tells_what_waits_and_what_is_dead(bus: Bus) -> None:
    await confirmed(bus, numbered(3))
    await depth_becomes(bus, ORDERS.name, ready=3)
    inbox = Inbox(dead_letter)
    subscription = await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await depth_becomes(bus, ORDERS.name, dead=3)
    await subscription.stop()
    await confirmed(bus, numbered(2))
    await depth_becomes(bus, ORDERS.name, ready=2, dead=3)


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


async def test_a_body_of_a_mebibyte_passes(bus: Bus) -> None:
    large = for_queue(ORDERS.name, body={"text": "x" * 1024 * 1024})
    inbox = Inbox()
    await confirmed(bus, [large, *numbered(1)])
    await bus.subscribe(ORDERS.name, inbox, concurrency=2)
    await inbox.holds(2)
    assert large.message in inbox.messages


async def test_more_than_can_be_in_flight_is_published_in_one_call(bus: Bus) -> None:
    await confirmed(bus, numbered(350))
    await depth_becomes(bus, ORDERS.name, ready=350)


async def test_queues_do_not_see_each_others_messages(open_bus: OpenBus) -> None:
    bus = open_bus(ORDERS, QueueSpec(name="payments"))
    inbox = Inbox()
    await confirmed(bus, [*numbered(1), for_queue("payments", type="paid")])
    await bus.subscribe("payments", inbox, concurrency=5)
    await inbox.holds(1)
    assert [message.type for message in inbox.messages] == ["paid"]
    await depth_becomes(bus, ORDERS.name, ready=1)


async def test_it_answers_a_ping(bus: Bus) -> None:
    await bus.ping()


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


def _fields(message: object) -> dict[str, object]:
    return {name: getattr(message, name) for name in ("id", "type", "body", "headers")}
