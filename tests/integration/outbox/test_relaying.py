"""What was committed is published, what was rolled back is not, and what goes nowhere holds up nobody."""

from contextlib import suppress

from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime import outbox
from ai_platform.runtime.bus import QueueName, Topic
from ai_platform.runtime.db import Database
from ai_platform.runtime.relay import Relay
from tests.integration.bus_tools import Inbox
from tests.integration.outbox.entries import an_entry, commit, outbox_is_empty, rows_left
from tests.support import eventually


async def test_what_is_due_at_once_goes_out_after_the_commit(database: Database, relay: Relay, inbox: Inbox) -> None:
    entry = an_entry(headers={"x-request-id": "abc"})
    await commit(database, entry)
    relay.take([entry])
    await inbox.holds(1)

    assert inbox.messages == [entry.outgoing().message]
    await outbox_is_empty(database)


async def test_facts_go_to_whoever_is_bound_to_their_topic(database: Database, relay: Relay, inbox: Inbox) -> None:
    heard, unheard = an_entry(to=Topic("orders.placed.v1")), an_entry(to=Topic("nobody.listens.v1"))
    await commit(database, unheard, heard)
    relay.take([unheard, heard])
    await inbox.holds(1)
    assert inbox.ids == [heard.id]
    await outbox_is_empty(database)


async def test_nothing_of_a_transaction_that_is_rolled_back_is_published(
    database: Database, hasty_relay: Relay, inbox: Inbox
) -> None:
    marker = an_entry()
    with suppress(ZeroDivisionError):
        async with database.transaction(DEFAULT_TENANT) as connection:
            await outbox.write(connection, [an_entry()], handover=0)
            raise ZeroDivisionError
    await commit(database, marker, handover=0)
    await inbox.holds(1)
    await outbox_is_empty(database)
    assert inbox.ids == [marker.id]


async def test_a_row_that_goes_nowhere_stays_and_the_others_go(
    database: Database, hasty_relay: Relay, inbox: Inbox
) -> None:
    lost, found = an_entry(to=QueueName("nobody_declared_this")), an_entry()
    await commit(database, lost, found, handover=0)
    await inbox.holds(1)
    assert inbox.ids == [found.id]

    async def only_the_lost_one_is_left() -> bool:
        return await rows_left(database) == 1

    await eventually(only_the_lost_one_is_left)
