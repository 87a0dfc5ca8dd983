"""Each row goes out when it is due: neither before nor long after."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Outbox
from ai_platform.runtime.relay import Relay
from tests.integration.bus_tools import Inbox
from tests.integration.outbox.entries import an_entry, commit


@pytest.mark.parametrize("handed", [True, False], ids=["by the relay that knows of it", "by any other relay"])
async def test_a_row_for_later_goes_out_at_its_exact_time(
    database: Database, relay: Relay, inbox: Inbox, handed: bool
) -> None:
    due = datetime.now(UTC) + timedelta(seconds=1.7)
    later, at_once = an_entry(due=due), an_entry()
    await commit(database, later, at_once)
    relay.take([later, at_once] if handed else [at_once])
    await inbox.holds(1)
    assert inbox.ids == [at_once.id]

    await inbox.holds(2)
    late = (datetime.now(UTC) - due).total_seconds()
    assert inbox.ids == [at_once.id, later.id]
    assert 0 <= late < 0.5


async def test_an_earlier_row_is_not_delayed_by_a_later_one(database: Database, relay: Relay, inbox: Inbox) -> None:
    now = datetime.now(UTC)
    due = now + timedelta(seconds=0.3)
    far, near = an_entry(due=now + timedelta(hours=1)), an_entry(due=due)
    await commit(database, far, near)
    relay.take([far])
    relay.take([near])
    await inbox.holds(1)
    assert inbox.ids == [near.id]
    assert datetime.now(UTC) >= due


async def test_what_is_due_is_claimed_in_its_order(database: Database) -> None:
    now = datetime.now(UTC)
    entries = [an_entry(due=now - timedelta(seconds=seconds)) for seconds in (30, 10, 20)]
    await commit(database, *entries)
    claimed = await Outbox(database).claim(10)
    assert [one.message.id for one in claimed] == [entries[0].id, entries[2].id, entries[1].id]


async def test_no_more_is_claimed_than_asked_for_when_the_planner_takes_the_table_for_tiny(database: Database) -> None:
    await commit(database, an_entry(), handover=0)
    connection = await asyncpg.connect(database.listen_dsn())
    await connection.execute("VACUUM ANALYZE outbox")
    await connection.close()
    await commit(database, *[an_entry() for _ in range(30)], handover=0)
    assert len(await Outbox(database).claim(3)) == 3


async def test_pending_counts_what_is_due_and_unpublished(database: Database) -> None:
    pending = Outbox(database)
    later = an_entry(due=datetime.now(UTC) + timedelta(hours=1))
    await commit(database, an_entry(due=datetime.now(UTC)), later, an_entry())
    assert await pending.pending() == 1
    seconds = await pending.seconds_to_next()
    assert seconds == 0
    assert len(await pending.claim(10)) == 1
    assert await pending.pending() == 0
