"""Dead letters on real rows: kept before the broker forgets them, looked at, and put into their queue again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from ai_platform.kernel.errors import InvalidInput
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime import dead_letters
from ai_platform.runtime.bus import Bus, DeadMessage
from ai_platform.runtime.bus_amqp import AmqpBus
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.consuming import Consumer
from ai_platform.runtime.db import Database
from ai_platform.runtime.dead_letter_collector import DeadLetterCollector
from ai_platform.runtime.dead_letter_desk import (
    AT_A_TIME,
    DeadLetterDesk,
    DeadLetterNotFound,
    DeadLetterReplayed,
    LetterFilter,
)
from ai_platform.runtime.dead_letters import DeadLetter
from ai_platform.runtime.outbox import Outbox, outbox_table
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics
from tests.integration.bus_tools import ORDERS, Inbox, confirmed, depth_becomes, for_queue
from tests.support import eventually


@pytest.fixture(params=["RabbitMQ", "embedded"])
async def bus(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Bus]:
    bus: Bus
    if request.param == "RabbitMQ":
        bus = AmqpBus(request.getfixturevalue("rabbitmq_url"), [ORDERS], event_exchange="events")
    else:
        bus = EmbeddedBus(database, [ORDERS])
    yield bus
    await bus.close()


@pytest.fixture
def relay(database: Database) -> Relay:
    """Not started: what it is handed stays in the outbox."""
    return Relay(Outbox(database), EmbeddedBus(database, [ORDERS]))


@pytest.fixture
def desk(database: Database, relay: Relay) -> DeadLetterDesk:
    return DeadLetterDesk(database, relay)


def a_letter(**changes: Any) -> DeadLetter:
    fields = {"id": new_id(), "queue": ORDERS.name, "type": "orders.placed", "body": {"total": 42}}
    return DeadLetter(**{**fields, "code": "rejected", "message": "It was rejected.", **changes})


def a_dead_message(**changes: Any) -> DeadMessage:
    fields = {"id": new_id(), "queue": ORDERS.name, "type": "orders.placed", "body": {}, "headers": {"a": "b"}}
    return DeadMessage(**{**fields, "reason": "rejected", "deliveries": 1, "died_at": None, **changes})


async def store(database: Database, *letters: DeadLetter) -> list[UUID]:
    """Each in a transaction of its own, so that each died later than the one before."""
    for letter in letters:
        async with database.transaction(None) as connection:
            await dead_letters.write(connection, [letter])
    return [letter.id for letter in letters]


async def outgoing(database: Database) -> list[tuple[Any, ...]]:
    async with database.transaction(None) as connection:
        columns = (outbox_table.c.queue, outbox_table.c.type, outbox_table.c.body, outbox_table.c.headers)
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(outbox_table.c.id))]


async def ids(desk: DeadLetterDesk, **filters: Any) -> list[UUID]:
    found, _ = await desk.page(LetterFilter(**filters), before=None, limit=200)
    return [one.id for one in found]


async def refuse(_: object) -> None:
    raise InvalidInput("never")


async def test_a_message_that_is_refused_becomes_a_row_and_is_worked_off_after_its_replay(
    bus: Bus, database: Database
) -> None:
    relay, inbox = Relay(Outbox(database), bus), Inbox()
    desk, collector = DeadLetterDesk(database, relay), DeadLetterCollector(bus, database, [ORDERS.name])
    sent = for_queue(ORDERS.name, headers={"x-request-id": "r-1"})
    await confirmed(bus, [sent])
    refusing = Consumer(ORDERS.name, refuse, ready=bus.ping, metrics=Metrics(), concurrency=1)
    await refusing.start(bus)
    await collector.start()

    async def is_a_row() -> bool:
        return await ids(desk) != []

    await eventually(is_a_row)
    await depth_becomes(bus, ORDERS.name)
    await refusing.stop()
    (letter_id,) = await ids(desk)
    letter = await desk.get(letter_id)
    assert (letter.queue, letter.type, letter.code) == (ORDERS.name, sent.message.type, "rejected")

    relay.start()
    await desk.replay(letter_id)
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await inbox.holds(1)
    again = inbox.messages[0]
    assert (again.type, again.body, again.headers) == (sent.message.type, sent.message.body, sent.message.headers)
    await relay.stop()
    await collector.stop()


async def test_the_same_dead_message_is_one_row(database: Database, desk: DeadLetterDesk, relay: Relay) -> None:
    collector = DeadLetterCollector(EmbeddedBus(database, [ORDERS]), database, [])
    message = a_dead_message()
    await collector.collect(message)
    await collector.collect(message)
    assert len(await ids(desk)) == 1


async def test_one_fact_that_died_in_two_queues_is_two_rows(database: Database, desk: DeadLetterDesk) -> None:
    collector, fact = DeadLetterCollector(EmbeddedBus(database, [ORDERS]), database, []), new_id()
    await collector.collect(a_dead_message(id=fact, queue="one"))
    await collector.collect(a_dead_message(id=fact, queue="two"))
    assert await desk.waiting() == {"one": 1, "two": 1}


async def test_a_letter_tells_how_often_it_was_tried(database: Database, desk: DeadLetterDesk) -> None:
    collector = DeadLetterCollector(EmbeddedBus(database, [ORDERS]), database, [])
    await collector.collect(a_dead_message(reason="delivery_limit", deliveries=4))
    (letter_id,) = await ids(desk)
    assert [one["attempt"] for one in (await desk.get(letter_id)).attempts] == [4]


async def test_newest_first_and_page_by_page(database: Database, desk: DeadLetterDesk) -> None:
    stored = await store(database, *(a_letter() for _ in range(5)))
    first, more = await desk.page(LetterFilter(), before=None, limit=3)
    second, none = await desk.page(LetterFilter(), before=first[-1].id, limit=3)
    assert [one.id for one in (*first, *second)] == stored[::-1]
    assert (more, none) == (True, False)


@pytest.mark.parametrize("changes", [{"queue": "b"}, {"code": "b"}, {"type": "b"}, {"subject_id": UUID(int=7)}])
async def test_a_filter_finds_its_own(database: Database, desk: DeadLetterDesk, changes: dict[str, Any]) -> None:
    wanted = a_letter(**changes)
    await store(database, a_letter(), wanted)
    assert await ids(desk, **changes) == [wanted.id]


async def test_a_replay_puts_the_same_words_into_the_same_queue(database: Database, desk: DeadLetterDesk) -> None:
    (letter_id,) = await store(database, a_letter(headers={"x-request-id": "r"}))
    await desk.replay(letter_id)
    assert await outgoing(database) == [(ORDERS.name, "orders.placed", {"total": 42}, {"x-request-id": "r"})]
    assert (await ids(desk), await ids(desk, replayed=True)) == ([], [letter_id])


async def test_a_second_replay_is_refused_and_sends_nothing(database: Database, desk: DeadLetterDesk) -> None:
    (letter_id,) = await store(database, a_letter())
    await desk.replay(letter_id)
    with pytest.raises(DeadLetterReplayed):
        await desk.replay(letter_id)
    assert len(await outgoing(database)) == 1


async def test_an_unknown_letter_is_not_found(desk: DeadLetterDesk) -> None:
    with pytest.raises(DeadLetterNotFound):
        await desk.replay(new_id())
    with pytest.raises(DeadLetterNotFound):
        await desk.get(new_id())


async def test_all_that_fit_are_replayed_in_bounded_transactions(database: Database, desk: DeadLetterDesk) -> None:
    letters = [a_letter() for _ in range(AT_A_TIME + 1)]
    async with database.transaction(None) as connection:
        await dead_letters.write(connection, letters)
    (other,) = await store(database, a_letter(code="other"))
    assert await desk.replay_all(LetterFilter(code="rejected")) == AT_A_TIME + 1
    assert await ids(desk) == [other]
    assert len(await outgoing(database)) == AT_A_TIME + 1


async def test_work_that_is_done_again_resolves_its_own_letter_only(database: Database, desk: DeadLetterDesk) -> None:
    own, foreign = (a_letter(subject_id=new_id(), tenant_id=DEFAULT_TENANT) for _ in range(2))
    await store(database, own, foreign)
    assert own.subject_id is not None
    async with database.transaction(DEFAULT_TENANT) as connection:
        await dead_letters.resolve(connection, own.subject_id)
    assert await ids(desk) == [foreign.id]


async def test_a_tenant_may_write_its_own_letter(database: Database, desk: DeadLetterDesk) -> None:
    letter = a_letter(subject_id=new_id(), tenant_id=DEFAULT_TENANT)
    async with database.transaction(DEFAULT_TENANT) as connection:
        await dead_letters.write(connection, [letter])
    assert await ids(desk) == [letter.id]


async def test_another_tenant_resolves_nothing(database: Database, desk: DeadLetterDesk) -> None:
    letter = a_letter(subject_id=new_id(), tenant_id=DEFAULT_TENANT)
    await store(database, letter)
    assert letter.subject_id is not None
    async with database.transaction(new_id()) as connection:
        await dead_letters.resolve(connection, letter.subject_id)
    assert await ids(desk) == [letter.id]


async def test_only_old_letters_that_were_replayed_are_forgotten(database: Database, desk: DeadLetterDesk) -> None:
    old, recent, waiting = await store(database, a_letter(), a_letter(), a_letter())
    await desk.replay(old)
    await desk.replay(recent)
    async with database.transaction(None) as connection:
        aged = text("UPDATE dead_letters SET replayed_at = now() - interval '31 days' WHERE id = :id")
        await connection.execute(aged, {"id": old})
    assert await desk.forget(timedelta(days=30)) == 1
    assert (await ids(desk), await ids(desk, replayed=True)) == ([waiting], [recent])
