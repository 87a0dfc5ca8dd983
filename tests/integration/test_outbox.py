"""The outbox and its relay: what was committed is published, exactly when it is due, whoever dies on the way."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime import outbox
from ai_platform.runtime.bus import Collect, Outgoing, QueueDepth, QueueName, QueueSpec, Receive, Subscription, Topic
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Entry, Outbox
from ai_platform.runtime.relay import BATCH, Relay
from tests.integration.bus_tools import Inbox
from tests.patience import PATIENCE
from tests.support import eventually

NEVER = 600.0
SHORT = 0.4


class UnsteadyBus:
    """The embedded bus, which can be `away`, or go away `after_publishing`."""

    def __init__(self, bus: EmbeddedBus) -> None:
        self._bus = bus
        self.away = False
        self.after_publishing = False
        self.attempts = 0

    async def publish(self, batch: Sequence[Outgoing]) -> list[Exception | None]:
        self.attempts += 1
        if self.away:
            raise Unavailable("The bus is away.")
        outcomes = await self._bus.publish(batch)
        if self.after_publishing:
            raise Unavailable("The bus went away before it could confirm.")
        return outcomes

    async def subscribe(self, queue: str, receive: Receive, *, concurrency: int) -> Subscription:
        return await self._bus.subscribe(queue, receive, concurrency=concurrency)

    async def collect_dead(self, queue: str, collect: Collect) -> Subscription:
        return await self._bus.collect_dead(queue, collect)

    async def depth(self, queue: str) -> QueueDepth:
        return await self._bus.depth(queue)

    async def ping(self) -> None:
        await self._bus.ping()

    async def close(self) -> None:
        await self._bus.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def bus(database: Database) -> AsyncIterator[UnsteadyBus]:
    bus = UnsteadyBus(EmbeddedBus(database, [QueueSpec(name="orders", bindings=("orders.#",))]))
    yield bus
    await bus.close()


@pytest.fixture
async def inbox(bus: UnsteadyBus) -> Inbox:
    """Receives whatever is published."""
    inbox = Inbox()
    await bus.subscribe("orders", inbox, concurrency=100)
    return inbox


def an_entry(**changes: Any) -> Entry:
    return Entry(**{"to": QueueName("orders"), "type": "orders.placed", "body": {"total": 42}, **changes})


async def commit(database: Database, *entries: Entry, handover: float = NEVER) -> None:
    """As a tenant's use case would write them."""
    async with database.transaction(DEFAULT_TENANT) as connection:
        await outbox.write(connection, entries, handover=handover)


async def rows(database: Database) -> int:
    connection = await asyncpg.connect(database.listen_dsn())
    try:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))
    finally:
        await connection.close()


async def outbox_is_empty(database: Database) -> None:
    async def is_empty() -> bool:
        return await rows(database) == 0

    await eventually(is_empty)


@pytest.fixture
async def relay(database: Database, bus: UnsteadyBus) -> AsyncIterator[Relay]:
    """Has whatever it takes for ever: what it publishes within a test, it has from its own process's hand."""
    relay = Relay(Outbox(database, handover=NEVER), bus)
    relay.start()
    yield relay
    await relay.stop()


@pytest.fixture
async def hasty_relay(database: Database, bus: UnsteadyBus) -> AsyncIterator[Relay]:
    """What it has in hand and does not get out is anybody's again after a moment."""
    relay = Relay(Outbox(database, handover=SHORT), bus)
    relay.start()
    yield relay
    await relay.stop()


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


async def test_a_relay_that_dies_between_publishing_and_deleting_costs_a_double_with_the_same_id(
    database: Database, bus: UnsteadyBus, hasty_relay: Relay, inbox: Inbox
) -> None:
    bus.after_publishing = True
    entry = an_entry()
    await commit(database, entry, handover=SHORT)
    hasty_relay.take([entry])
    await inbox.holds(1)
    assert await rows(database) == 1

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


async def test_while_the_bus_is_away_rows_stay_and_go_out_once_it_is_back(
    database: Database, bus: UnsteadyBus, hasty_relay: Relay, inbox: Inbox
) -> None:
    bus.away = True
    entries = [an_entry() for _ in range(5)]
    await commit(database, *entries, handover=SHORT)
    hasty_relay.take(entries)
    await eventually(lambda: bus.attempts >= 2)
    assert await rows(database) == len(entries)

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
    assert await rows(database) == 0
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
    assert await rows(database) == 1


async def test_a_row_that_goes_nowhere_stays_and_the_others_go(
    database: Database, hasty_relay: Relay, inbox: Inbox
) -> None:
    lost, found = an_entry(to=QueueName("nobody_declared_this")), an_entry()
    await commit(database, lost, found, handover=0)
    await inbox.holds(1)
    assert inbox.ids == [found.id]

    async def only_the_lost_one_is_left() -> bool:
        return await rows(database) == 1

    await eventually(only_the_lost_one_is_left)


async def test_no_more_is_claimed_than_asked_for_when_the_planner_takes_the_table_for_tiny(database: Database) -> None:
    await commit(database, an_entry(), handover=0)
    connection = await asyncpg.connect(database.listen_dsn())
    await connection.execute("VACUUM ANALYZE outbox")
    await connection.close()
    await commit(database, *[an_entry() for _ in range(30)], handover=0)
    assert len(await Outbox(database).claim(3)) == 3


async def test_what_is_due_is_claimed_in_its_order(database: Database) -> None:
    now = datetime.now(UTC)
    entries = [an_entry(due=now - timedelta(seconds=seconds)) for seconds in (30, 10, 20)]
    await commit(database, *entries)
    claimed = await Outbox(database).claim(10)
    assert [one.message.id for one in claimed] == [entries[0].id, entries[2].id, entries[1].id]


async def test_pending_counts_what_is_due_and_unpublished(database: Database) -> None:
    pending = Outbox(database)
    later = an_entry(due=datetime.now(UTC) + timedelta(hours=1))
    await commit(database, an_entry(due=datetime.now(UTC)), later, an_entry())
    assert await pending.pending() == 1
    seconds = await pending.seconds_to_next()
    assert seconds == 0
    assert len(await pending.claim(10)) == 1
    assert await pending.pending() == 0
