"""What the bus on PostgreSQL promises besides: it survives the database, and a delivery is a lease."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import asyncpg
import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.bus import QueueSpec
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.bus_store import LEASE, RELEASE, RENEW, BusStore, Lease
from ai_platform.runtime.db import Database
from ai_platform.runtime.migrations import migrate
from tests.integration.bus_tools import ORDERS, Inbox, confirmed, depth_becomes, ids_of, keep_in_hand, numbered
from tests.services.postgres import PostgresServer
from tests.services.stack import Services
from tests.support import eventually

NEVER = 600.0


@pytest.fixture(scope="module")
def victim() -> Iterator[PostgresServer]:
    """A server of this module's own: to kill the session's would disturb other tests."""
    with Services(private=True) as services:
        yield services.postgres


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The database's owner, who sees the rows themselves."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_nothing_confirmed_is_lost_when_postgresql_is_killed_and_comes_back(victim: PostgresServer) -> None:
    url = victim.create_database("killed")
    await migrate(url)
    database = Database(url)
    bus = EmbeddedBus(database, [ORDERS], lease=2)
    inbox, confirmed_ids, refusals = Inbox(), set[UUID](), list[Unavailable]()

    async def publish_for_ever() -> None:
        while True:
            batch = numbered(20)
            try:
                await bus.publish(batch)
            except Unavailable as error:
                refusals.append(error)
                await asyncio.sleep(0.05)
            else:
                confirmed_ids.update(ids_of(batch))

    await bus.subscribe(ORDERS.name, inbox, concurrency=50)
    publishing = asyncio.create_task(publish_for_ever())
    await eventually(lambda: len(confirmed_ids) >= 200)
    await asyncio.to_thread(victim.kill)
    await eventually(lambda: refusals)
    await asyncio.to_thread(victim.start)
    before = len(confirmed_ids)
    await eventually(lambda: len(confirmed_ids) >= before + 100 or publishing.done())
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing

    await eventually(lambda: confirmed_ids <= set(inbox.ids))
    await bus.close()
    await database.close()


async def test_a_publish_wakes_the_consumer_of_another_process(database: Database) -> None:
    publisher = EmbeddedBus(database, [ORDERS])
    consumer = EmbeddedBus(database, [ORDERS], poll=NEVER)
    inbox = Inbox()
    await consumer.subscribe(ORDERS.name, inbox, concurrency=1)
    for count in range(1, 6):
        await confirmed(publisher, numbered(1))
        await inbox.holds(count)
    await consumer.close()


async def test_a_listener_that_was_cut_off_listens_again(database: Database, connection: asyncpg.Connection) -> None:
    bus = EmbeddedBus(database, [ORDERS], poll=NEVER)
    inbox = Inbox()
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await confirmed(bus, numbered(1))
    await inbox.holds(1)
    cut = await connection.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    )
    assert len(cut) == 1

    await confirmed(bus, numbered(1))
    await inbox.holds(2)
    await bus.close()


async def test_what_a_killed_consumer_had_in_hand_comes_again_when_its_lease_has_run_out(database: Database) -> None:
    bus = EmbeddedBus(database, [ORDERS], poll=0.05)
    inbox = Inbox()
    (outgoing,) = batch = numbered(1)
    await confirmed(bus, batch)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert len(await BusStore(database, lease=0.5).take(ORDERS.name, 5)) == 1

    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await inbox.holds(1)
    assert loop.time() - began >= 0.5
    assert inbox.ids == [outgoing.message.id]
    assert inbox.deliveries[0].redeliveries == 1
    await bus.close()


async def test_acknowledgements_under_way_are_written_before_the_bus_is_closed(
    database: Database, connection: asyncpg.Connection
) -> None:
    bus = EmbeddedBus(database, [ORDERS])
    inbox = Inbox()
    await confirmed(bus, numbered(50))
    await bus.subscribe(ORDERS.name, inbox, concurrency=50)
    await inbox.holds(50)
    await bus.close()
    assert await connection.fetchval("SELECT count(*) FROM bus_messages") == 0


async def test_a_message_that_kills_its_consumers_becomes_a_dead_letter(database: Database) -> None:
    bus = EmbeddedBus(database, [QueueSpec(name=ORDERS.name, delivery_limit=2)], poll=0.05)
    inbox = Inbox()
    await confirmed(bus, numbered(1))
    doomed = BusStore(database, lease=0)
    for _ in range(3):
        assert len(await doomed.take(ORDERS.name, 1)) == 1

    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await depth_becomes(bus, ORDERS.name, dead=1)
    assert inbox.deliveries == []
    await bus.close()


async def test_a_lease_is_renewed_for_as_long_as_the_message_is_in_hand(
    database: Database, connection: asyncpg.Connection
) -> None:
    holder, other = (EmbeddedBus(database, [ORDERS], lease=0.6, poll=0.05) for _ in range(2))
    held, taken = Inbox(keep_in_hand), Inbox()
    await confirmed(holder, numbered(1))
    await holder.subscribe(ORDERS.name, held, concurrency=1)
    await held.holds(1)
    await other.subscribe(ORDERS.name, taken, concurrency=1)
    first_end = await connection.fetchval("SELECT visible_at FROM bus_messages")

    async def the_first_lease_is_long_over() -> bool:
        query = "SELECT now() > $1::timestamptz + interval '0.6 seconds' AND visible_at > now() FROM bus_messages"
        return bool(await connection.fetchval(query, first_end))

    await eventually(the_first_lease_is_long_over)
    assert taken.deliveries == []
    await held.deliveries[0].ack()
    await depth_becomes(holder, ORDERS.name)
    await holder.close()
    await other.close()


async def test_who_lost_the_lease_can_neither_release_nor_renew_it(
    database: Database, connection: asyncpg.Connection
) -> None:
    late, holder = BusStore(database, lease=0), BusStore(database, lease=LEASE)
    await confirmed(EmbeddedBus(database, [ORDERS]), numbered(1))
    (lost,) = await late.take(ORDERS.name, 1)
    (held,) = await holder.take(ORDERS.name, 1)
    ends = await connection.fetchval("SELECT visible_at FROM bus_messages")

    for statement in (RELEASE, RENEW):
        await late.settle(statement, [Lease(lost.seq, lost.deliveries)])
    assert (lost.seq, lost.deliveries + 1) == (held.seq, held.deliveries)
    assert await connection.fetchval("SELECT visible_at FROM bus_messages") == ends


async def test_no_more_is_taken_than_asked_for_when_the_planner_takes_the_table_for_tiny(
    database: Database, connection: asyncpg.Connection
) -> None:
    bus = EmbeddedBus(database, [ORDERS])
    await confirmed(bus, numbered(1))
    await connection.execute("VACUUM ANALYZE bus_messages")
    await confirmed(bus, numbered(30))
    assert len(await BusStore(database, LEASE).take(ORDERS.name, 3)) == 3


async def test_messages_of_many_publishers_are_taken_in_the_order_of_their_arrival(database: Database) -> None:
    bus = EmbeddedBus(database, [ORDERS])
    batch = numbered(40)
    for outgoing in batch:
        await confirmed(bus, [outgoing])
    store = BusStore(database, LEASE)
    taken = [row.message_id for _ in range(4) for row in await store.take(ORDERS.name, 10)]
    assert taken == ids_of(batch)
