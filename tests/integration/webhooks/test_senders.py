"""Each webhook is sent at least once, whatever becomes of its sender, and a slow receiver holds up nobody."""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from ai_platform.runtime.db import Database
from ai_platform.runtime.webhook_rows import PostgresWebhookQueue
from tests.integration.webhooks.deliveries import StartSender, a_delivery, row, store, tried
from tests.integration.webhooks.receiver import Receiver, answering, silence
from tests.support import eventually


async def test_a_slow_receiver_holds_up_nobody_else(database: Database, start_sender: StartSender) -> None:
    async with Receiver(silence) as slow, Receiver() as quick:
        await store(database, *(a_delivery(slow.url()) for _ in range(20)))
        late = a_delivery(quick.url())
        await store(database, late)
        start_sender(at_once=4, per_host=2)
        assert (await tried(database, late.id)).status == "delivered"
        assert len(slow.received) == 2


async def test_what_a_dead_sender_had_in_hand_is_sent_after_its_lease(
    database: Database, start_sender: StartSender
) -> None:
    async with Receiver() as receiver:
        delivery = a_delivery(receiver.url())
        await store(database, delivery)
        await PostgresWebhookQueue(database, lease=0.3).claim(10, busy={}, per_host=5)
        start_sender()
        row = await tried(database, delivery.id)
    assert (row.status, row.attempt) == ("delivered", 2)


async def test_a_sender_that_lost_its_claim_changes_nothing(database: Database, start_sender: StartSender) -> None:
    async with Receiver(silence, answering(200)) as receiver:
        delivery = a_delivery(receiver.url())
        await store(database, delivery)
        sender = start_sender(timeout=1.0, lease=0.2)
        await eventually(lambda: len(receiver.received) >= 2)
        await sender.drain(5.0)
        row = await tried(database, delivery.id)
    assert [one["attempt"] for one in row.tries] == [2]


async def test_a_sender_that_is_told_does_not_wait_for_its_poll(database: Database, start_sender: StartSender) -> None:
    due = asyncio.Event()
    due.set()
    async with Receiver() as receiver:
        start_sender(poll=3600.0, due=due)
        await eventually(lambda: not due.is_set())
        delivery = a_delivery(receiver.url())
        await store(database, delivery)
        due.set()
        assert (await tried(database, delivery.id)).status == "delivered"


async def test_two_senders_send_each_once(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        deliveries = [a_delivery(receiver.url()) for _ in range(30)]
        await store(database, *deliveries)
        start_sender()
        start_sender()
        for delivery in deliveries:
            await tried(database, delivery.id)
    assert sorted(one.headers["webhook-id"] for one in receiver.received) == sorted(str(one.id) for one in deliveries)


async def test_a_sender_that_stops_gives_back_what_it_cannot_finish(
    database: Database, start_sender: StartSender
) -> None:
    async with Receiver(silence) as receiver:
        delivery = a_delivery(receiver.url())
        await store(database, delivery)
        sender = start_sender()
        await eventually(lambda: receiver.received)
        await sender.drain(0.05)
        given_back = await row(database, delivery.id)
    assert (given_back.status, given_back.wait.total_seconds() <= 0) == ("pending", True)


async def test_old_webhooks_that_ended_are_forgotten(database: Database) -> None:
    queue, waiting, ended = PostgresWebhookQueue(database), a_delivery("http://a/"), a_delivery("http://b/")
    await store(database, waiting, ended)
    async with database.transaction(None) as connection:
        aged = text(
            "UPDATE webhook_deliveries SET status = 'failed', ended_at = now() - interval '31 days' WHERE id = :id"
        )
        await connection.execute(aged, {"id": ended.id})
    assert await queue.forget(timedelta(days=30)) == 1
    assert (await row(database, waiting.id)).status == "pending"
