"""Several relays share what is due without doubles, and take over from whoever dies on the way."""

import asyncio
from collections import Counter

from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Outbox
from ai_platform.runtime.relay import BATCH, Relay
from tests.integration.bus_tools import Inbox
from tests.integration.outbox.entries import SHORT, an_entry, commit, outbox_is_empty, rows_left
from tests.integration.outbox.unsteady_bus import UnsteadyBus


async def test_a_relay_that_dies_between_publishing_and_deleting_costs_a_double_with_the_same_id(
    database: Database, bus: UnsteadyBus, hasty_relay: Relay, inbox: Inbox
) -> None:
    bus.after_publishing = True
    entry = an_entry()
    await commit(database, entry, handover=SHORT)
    hasty_relay.take([entry])
    await inbox.holds(1)
    assert await rows_left(database) == 1

    bus.after_publishing = False
    await inbox.holds(2)
    assert inbox.messages[:2] == [entry.outgoing().message] * 2
    await outbox_is_empty(database)


async def test_another_relay_publishes_what_a_dead_writer_had_in_hand_but_not_before_its_time(
    database: Database, hasty_relay: Relay, inbox: Inbox
) -> None:
    loop = asyncio.get_running_loop()
    written, entry = loop.time(), an_entry()
    await commit(database, entry, handover=SHORT)
    await inbox.holds(1)

    assert loop.time() - written >= SHORT
    assert inbox.ids == [entry.id]
    await outbox_is_empty(database)


async def test_what_one_relay_has_in_hand_no_other_publishes(
    database: Database, bus: UnsteadyBus, relay: Relay, inbox: Inbox
) -> None:
    others = [Relay(Outbox(database), bus) for _ in range(2)]
    for other in others:
        other.start()
    entries = [an_entry() for _ in range(300)]
    await commit(database, *entries)
    relay.take(entries)
    await inbox.holds(len(entries))
    await outbox_is_empty(database)
    for other in others:
        await other.stop()
    assert Counter(inbox.ids) == dict.fromkeys([entry.id for entry in entries], 1)


async def test_many_relays_share_what_is_due_without_doubles(
    database: Database, bus: UnsteadyBus, inbox: Inbox
) -> None:
    entries = [an_entry() for _ in range(2 * BATCH + 50)]
    await commit(database, *entries, handover=0)
    relays = [Relay(Outbox(database), bus) for _ in range(3)]
    for one in relays:
        one.start()
    await inbox.holds(len(entries))
    await outbox_is_empty(database)
    for one in relays:
        await one.stop()
    assert Counter(inbox.ids) == dict.fromkeys([entry.id for entry in entries], 1)
