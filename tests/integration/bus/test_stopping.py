"""Who stops takes no more, and nothing that it had in hand is lost."""

import asyncio

from ai_platform.runtime.bus import Bus, Delivery
from tests.integration.bus_tools import ORDERS, Inbox, OpenBus, confirmed, depth_becomes, ids_of, keep_in_hand, numbered


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
