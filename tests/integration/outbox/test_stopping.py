"""Neither a bus that is away nor a relay that stops costs a row."""

import asyncio

from ai_platform.runtime.db import Database
from ai_platform.runtime.relay import BATCH, Relay
from tests.integration.bus_tools import Inbox
from tests.integration.outbox.entries import SHORT, an_entry, commit, outbox_is_empty, rows_left
from tests.integration.outbox.unsteady_bus import UnsteadyBus
from tests.patience import PATIENCE
from tests.support import eventually


async def test_while_the_bus_is_away_rows_stay_and_go_out_once_it_is_back(
    database: Database, bus: UnsteadyBus, hasty_relay: Relay, inbox: Inbox
) -> None:
    bus.away = True
    entries = [an_entry() for _ in range(5)]
    await commit(database, *entries, handover=SHORT)
    hasty_relay.take(entries)
    await eventually(lambda: bus.attempts >= 2)
    assert await rows_left(database) == len(entries)

    bus.away = False
    await inbox.holds(len(entries))
    assert sorted(inbox.ids) == sorted(entry.id for entry in entries)
    await outbox_is_empty(database)


async def test_stopping_publishes_what_was_handed_over(
    database: Database, bus: UnsteadyBus, relay: Relay, inbox: Inbox
) -> None:
    entries = [an_entry() for _ in range(BATCH + 20)]
    await commit(database, *entries)
    relay.take(entries)
    await relay.stop()
    assert await rows_left(database) == 0
    await inbox.holds(len(entries))


async def test_stopping_while_the_bus_is_away_leaves_the_rows_to_others(
    database: Database, bus: UnsteadyBus, relay: Relay
) -> None:
    bus.away = True
    entry = an_entry()
    await commit(database, entry)
    relay.take([entry])
    async with asyncio.timeout(PATIENCE):
        await relay.stop()
    assert await rows_left(database) == 1
