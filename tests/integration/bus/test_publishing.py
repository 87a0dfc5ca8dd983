"""Where messages go: to one queue or to all that are bound to a topic, many and large ones too."""

from ai_platform.runtime.bus import Bus, QueueSpec
from tests.integration.bus_tools import (
    ORDERS,
    Inbox,
    OpenBus,
    confirmed,
    depth_becomes,
    for_queue,
    for_topic,
    ids_of,
    numbered,
)


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
