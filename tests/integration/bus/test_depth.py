"""What an operator can ask a bus: what waits, what is dead, who consumes, and whether it is there."""

from ai_platform.runtime.bus import Bus
from tests.integration.bus_tools import ORDERS, Inbox, confirmed, dead_letter, depth_becomes, numbered
from tests.support import eventually


async def test_the_depth_tells_what_waits_and_what_is_dead(bus: Bus) -> None:
    await confirmed(bus, numbered(3))
    await depth_becomes(bus, ORDERS.name, ready=3)
    inbox = Inbox(dead_letter)
    subscription = await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await depth_becomes(bus, ORDERS.name, dead=3)
    await subscription.stop()
    await confirmed(bus, numbered(2))
    await depth_becomes(bus, ORDERS.name, ready=2, dead=3)


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


async def test_it_answers_a_ping(bus: Bus) -> None:
    await bus.ping()
