"""What a receiver answers, or does not, decides what becomes of a webhook."""

import asyncio

from ai_platform.runtime.db import Database
from tests.integration.webhooks.deliveries import StartSender, a_delivery, make_due, sent, store, tried
from tests.integration.webhooks.receiver import Receiver, answering, flood, silence


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
