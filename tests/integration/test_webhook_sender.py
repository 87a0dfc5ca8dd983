"""Webhooks on real rows, to a real receiver: signed, at least once, and only where they may go."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from standardwebhooks.webhooks import WebhookVerificationError

from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime import webhooks
from ai_platform.runtime.callback_urls import Address
from ai_platform.runtime.db import Database
from ai_platform.runtime.telemetry import Metrics
from ai_platform.runtime.vetted_http import Resolver, VettedTransport
from ai_platform.runtime.webhook_rows import PostgresWebhookQueue
from ai_platform.runtime.webhook_sender import SignedPosts, WebhookSender
from ai_platform.runtime.webhooks import SigningSecrets, WebhookDelivery, webhook_deliveries
from tests.integration.receiver import SECRET, Receiver, answering, flood, silence
from tests.support import eventually

StartSender = Callable[..., WebhookSender]


class Names:
    """A name server of a test's own; each look-up takes the next answer, and the last stays."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    async def __call__(self, _: str) -> Sequence[Address]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [ipaddress.ip_address(answer)]


async def the_installations(_: UUID) -> SecretStr | None:
    return SecretStr(SECRET)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def start_sender(database: Database) -> AsyncIterator[StartSender]:
    """Starts senders that may call loopback unless told otherwise; they are stopped after the test."""
    senders: list[WebhookSender] = []

    def start(
        *,
        resolve: Any = None,
        secrets: SigningSecrets | None = None,
        allow_private: bool = True,
        timeout: float = 10.0,
        lease: float = 20.0,
        **options: Any,
    ) -> WebhookSender:
        transport = VettedTransport(resolve or Resolver(), allow_private=allow_private)
        post = SignedPosts(secrets or the_installations, transport, timeout=timeout)
        queue = PostgresWebhookQueue(database, lease=lease)
        sender = WebhookSender(queue, post, Metrics(), **{"poll": 0.05, **options})
        sender.start()
        senders.append(sender)
        return sender

    yield start
    for sender in senders:
        await sender.drain(0.0)


def a_delivery(url: str, **changes: Any) -> WebhookDelivery:
    fields = {"id": new_id(), "tenant_id": DEFAULT_TENANT, "subject_id": new_id(), "type": "job.completed", "url": url}
    return WebhookDelivery(**{**fields, "payload": {"type": "job.completed", "data": {"text": "ü"}}, **changes})


async def store(database: Database, *deliveries: WebhookDelivery) -> None:
    async with database.transaction(deliveries[0].tenant_id) as connection:
        await webhooks.write(connection, deliveries)


async def row(database: Database, delivery_id: UUID) -> Any:
    async with database.transaction(None) as connection:
        query = select(webhook_deliveries, (webhook_deliveries.c.due_at - text("now()")).label("wait"))
        return (await connection.execute(query.where(webhook_deliveries.c.id == delivery_id))).one()


async def tried(database: Database, delivery_id: UUID, times: int = 1) -> Any:
    """Its row, once that many tries are in its log."""

    async def is_logged() -> bool:
        return len((await row(database, delivery_id)).tries) >= times

    await eventually(is_logged)
    return await row(database, delivery_id)


async def make_due(database: Database) -> None:
    async with database.transaction(None) as connection:
        await connection.execute(text("UPDATE webhook_deliveries SET due_at = now()"))


async def sent(database: Database, start_sender: StartSender, url: str, **options: Any) -> Any:
    """The row of a webhook to that URL after its first try."""
    delivery = a_delivery(url)
    await store(database, delivery)
    start_sender(**options)
    return await tried(database, delivery.id)


async def test_a_receiver_can_verify_what_it_gets(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        row = await sent(database, start_sender, receiver.url())
    assert receiver.received[0].verified() == row.payload
    assert receiver.received[0].headers["webhook-id"] == str(row.id)


async def test_an_answer_of_2xx_ends_it_as_delivered(database: Database, start_sender: StartSender) -> None:
    async with Receiver(answering(204)) as receiver:
        row = await sent(database, start_sender, receiver.url())
    assert (row.status, row.ended_at is not None, row.tries[0]["status_code"]) == ("delivered", True, 204)


async def test_the_request_id_of_its_cause_travels_with_it(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        delivery = a_delivery(receiver.url(), headers={"x-request-id": "r-1", "authorization": "not ours to send"})
        await store(database, delivery)
        start_sender()
        await tried(database, delivery.id)
    headers = receiver.received[0].headers
    assert (headers["x-request-id"], "authorization" in headers) == ("r-1", False)


async def test_a_second_try_has_the_same_id_and_the_same_bytes(database: Database, start_sender: StartSender) -> None:
    async with Receiver(answering(500), answering(200)) as receiver:
        row = await sent(database, start_sender, receiver.url())
        await make_due(database)
        await tried(database, row.id, 2)
    first, second = receiver.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])


async def test_a_server_error_is_tried_again_in_about_five_seconds(
    database: Database, start_sender: StartSender
) -> None:
    async with Receiver(answering(500)) as receiver:
        row = await sent(database, start_sender, receiver.url())
    assert (row.status, row.tries[0]["error"]) == ("pending", "unexpected_status")
    assert 3.0 < row.wait.total_seconds() < 6.0


async def test_retry_after_is_honoured(database: Database, start_sender: StartSender) -> None:
    async with Receiver(answering(503, "Retry-After: 3000")) as receiver:
        row = await sent(database, start_sender, receiver.url())
    assert row.wait.total_seconds() > 2900


async def test_gone_ends_it(database: Database, start_sender: StartSender) -> None:
    async with Receiver(answering(410)) as receiver:
        row = await sent(database, start_sender, receiver.url())
    assert (row.status, row.tries[0]["error"]) == ("failed", "gone")


async def test_a_redirect_is_not_followed(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as elsewhere, Receiver(answering(307, f"Location: {elsewhere.url()}")) as receiver:
        row = await sent(database, start_sender, receiver.url())
    assert (row.tries[0]["error"], elsewhere.received) == ("redirect_refused", [])


async def test_a_receiver_that_says_nothing_is_given_up(database: Database, start_sender: StartSender) -> None:
    async with Receiver(silence) as receiver:
        row = await sent(database, start_sender, receiver.url(), timeout=0.2)
    assert (row.status, row.tries[0]["error"], row.tries[0]["status_code"]) == ("pending", "timeout", None)


async def test_a_receiver_that_is_away_is_tried_again(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        url = receiver.url()
    row = await sent(database, start_sender, url)
    assert (row.status, row.tries[0]["error"]) == ("pending", "connection_failed")


async def test_a_receiver_without_tls_is_not_called_by_https(database: Database, start_sender: StartSender) -> None:
    async def speak_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak_plainly, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        row = await sent(database, start_sender, f"https://127.0.0.1:{port}/")
    assert (row.status, row.tries[0]["error"]) == ("pending", "tls_failed")


async def test_an_endless_answer_is_not_read_to_its_end(database: Database, start_sender: StartSender) -> None:
    async with Receiver(flood) as receiver:
        row = await sent(database, start_sender, receiver.url())
    assert row.status == "delivered"
    assert row.tries[0]["milliseconds"] < 5000


async def test_no_try_tells_what_the_receiver_answered(database: Database, start_sender: StartSender) -> None:
    async with Receiver(answering(500)) as receiver:
        row = await sent(database, start_sender, receiver.url())
    assert set(row.tries[0]) == {"attempt", "at", "status_code", "error", "milliseconds"}


async def test_a_private_address_is_not_called(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        row = await sent(database, start_sender, receiver.url(), allow_private=False)
    assert (row.tries[0]["error"], receiver.received) == ("target_refused", [])


async def test_a_name_of_a_private_address_is_not_called(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        url = receiver.url("hooks.example")
        row = await sent(database, start_sender, url, allow_private=False, resolve=Names("127.0.0.1"))
    assert (row.tries[0]["error"], receiver.received) == ("target_refused", [])


async def test_the_vetted_address_is_called_by_the_urls_name(database: Database, start_sender: StartSender) -> None:
    async with Receiver() as receiver:
        names = Names("127.0.0.1", "203.0.113.1")  # whoever asks twice is sent elsewhere
        await sent(database, start_sender, receiver.url("hooks.example"), resolve=names)
    assert [one.headers["host"] for one in receiver.received] == [f"hooks.example:{receiver.port}"]


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


async def test_each_tenants_webhooks_are_signed_with_its_own_secret_and_a_new_one_signs_the_next_try(
    database: Database, start_sender: StartSender
) -> None:
    mine, theirs = new_id(), new_id()
    kept = {mine: "whsec_" + "bWluZQ==" * 4, theirs: SECRET}

    async def own(tenant_id: UUID) -> SecretStr | None:
        return SecretStr(kept[tenant_id])

    async with Receiver(answering(500), answering(200)) as receiver:
        first, second = a_delivery(receiver.url(), tenant_id=mine), a_delivery(receiver.url(), tenant_id=theirs)
        await store(database, first)
        start_sender(secrets=own)
        await tried(database, first.id)
        with pytest.raises(WebhookVerificationError):
            receiver.received[0].verified()
        kept[mine] = SECRET
        await make_due(database)
        await store(database, second)
        for one in (first, second):
            await eventually(has_status, database, one.id, "delivered")
        assert all(one.verified() for one in receiver.received[1:])


@pytest.mark.parametrize("secret", [None, "whsec_x"])
async def test_what_nothing_can_sign_is_not_sent_and_uses_up_no_try(
    database: Database, start_sender: StartSender, secret: str | None
) -> None:
    async def none(_: UUID) -> SecretStr | None:
        return SecretStr(secret) if secret else None

    async with Receiver() as receiver:
        delivery = a_delivery(receiver.url())
        await store(database, delivery)
        start_sender(secrets=none)

        async def waits() -> bool:
            found = await row(database, delivery.id)
            return bool(found.attempt == 1 and found.wait > timedelta(seconds=30))

        await eventually(waits)
        found = await row(database, delivery.id)
        assert (found.status, found.tries, receiver.received) == ("pending", [], [])


async def has_status(database: Database, delivery_id: UUID, status: str) -> bool:
    return bool((await row(database, delivery_id)).status == status)
