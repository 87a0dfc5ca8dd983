"""What operators and other programs rely on: how queues are declared, and what messages look like."""

import base64
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import aio_pika
import pytest

from ai_platform.runtime.bus import QueueSpec
from ai_platform.runtime.bus_amqp import AmqpBus
from tests.http_clients import async_client
from tests.integration.bus_tools import (
    ORDERS,
    Collected,
    Inbox,
    a_bus,
    confirmed,
    dead_letter,
    depth_becomes,
    for_queue,
    for_topic,
    numbered,
)
from tests.services.rabbitmq import RabbitServer


async def test_a_queue_has_replicas_a_delivery_limit_and_dead_letters(
    rabbitmq_url: str, rabbitmq_server: RabbitServer
) -> None:
    bus = a_bus(rabbitmq_url, QueueSpec(name="orders", delivery_limit=7, bindings=("orders.#",)))
    await bus.ping()
    await bus.close()

    queue = await management(rabbitmq_server, rabbitmq_url, "queues/{vhost}/orders")
    assert queue["durable"] is True
    assert queue["arguments"] == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 7,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "orders.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    dead = await management(rabbitmq_server, rabbitmq_url, "queues/{vhost}/orders.dead")
    assert (dead["durable"], dead["arguments"]) == (True, {"x-queue-type": "quorum"})
    exchange = await management(rabbitmq_server, rabbitmq_url, "exchanges/{vhost}/events")
    assert (exchange["type"], exchange["durable"]) == ("topic", True)


async def test_messages_are_persistent_json_that_other_programs_can_read(rabbitmq_url: str, bus: AmqpBus) -> None:
    outgoing = for_topic("orders.placed.v1", headers={"x-request-id": "abc"})
    bound = a_bus(rabbitmq_url, QueueSpec(name="orders", bindings=("orders.#",), delivery_limit=3))
    await confirmed(bound, [outgoing])
    await bound.close()

    async with await aio_pika.connect(rabbitmq_url) as connection:
        queue = await (await connection.channel()).get_queue("orders")
        message = await queue.get(timeout=10)
        assert message is not None
        await message.ack()
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert (message.content_type, message.body) == ("application/json", b'{"total":42}')
    assert (message.message_id, message.type) == (str(outgoing.message.id), "orders.placed")
    assert message.headers["x-request-id"] == "abc"


@pytest.mark.parametrize(
    ("body", "message_id"),
    [
        (b"not json", "0199f000-0000-7000-8000-000000000001"),
        (b"[]", "0199f000-0000-7000-8000-000000000001"),
        (b"{}", "not an id"),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
    ],
)
async def test_a_message_that_is_not_ours_becomes_a_dead_letter(
    bus: AmqpBus, rabbitmq_url: str, body: bytes, message_id: str | None
) -> None:
    inbox = Inbox()
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await bus.ping()
    async with await aio_pika.connect(rabbitmq_url) as connection:
        exchange = (await connection.channel()).default_exchange
        await exchange.publish(aio_pika.Message(body, message_id=message_id), ORDERS.name)

    await depth_becomes(bus, ORDERS.name, dead=1)
    await confirmed(bus, numbered(1))
    await inbox.holds(1)
    assert len(inbox.deliveries) == 1


@pytest.mark.parametrize("body", [b"not json", b"[]", b"\xff\xfe", b'{"a": "\\u0000"}', b'{"a": NaN}', b'{"a": 1e999}'])
async def test_a_body_that_nobody_can_read_is_collected_as_it_came(
    bus: AmqpBus, rabbitmq_url: str, body: bytes
) -> None:
    collected = Collected()
    await bus.ping()
    async with await aio_pika.connect(rabbitmq_url) as connection:
        exchange = (await connection.channel()).default_exchange
        await exchange.publish(aio_pika.Message(body, headers={"a": "b"}), ORDERS.dead_letters)
    await bus.collect_dead(ORDERS.name, collected)
    await collected.holds(1)
    dead = collected.dead[0]
    assert (dead.reason, dead.body) == ("body_unreadable", {"base64": base64.b64encode(body).decode()})
    assert dead.headers["a"] == "b"


async def test_a_body_that_nobody_can_read_is_sent_again_byte_for_byte(bus: AmqpBus, rabbitmq_url: str) -> None:
    first, second = Collected(), Collected()
    await bus.ping()
    async with await aio_pika.connect(rabbitmq_url) as connection:
        exchange = (await connection.channel()).default_exchange
        await exchange.publish(aio_pika.Message(b"\xff not json", headers={"a": "b"}), ORDERS.dead_letters)
    collecting = await bus.collect_dead(ORDERS.name, first)
    await first.holds(1)
    await collecting.stop()
    dead = first.dead[0]
    await confirmed(bus, [for_queue(ORDERS.name, type=dead.type, body=dead.body, headers=dead.headers)])
    await bus.subscribe(ORDERS.name, Inbox(), concurrency=1)
    await bus.collect_dead(ORDERS.name, second)
    await second.holds(1)
    assert (second.dead[0].body, second.dead[0].headers) == (dead.body, dead.headers)


async def test_a_dead_letter_tells_when_it_died(bus: AmqpBus) -> None:
    collected = Collected()
    await confirmed(bus, numbered(1))
    await bus.subscribe(ORDERS.name, Inbox(dead_letter), concurrency=1)
    await bus.collect_dead(ORDERS.name, collected)
    await collected.holds(1)
    died_at = collected.dead[0].died_at
    assert died_at is not None
    assert abs((datetime.now(UTC) - died_at).total_seconds()) < 60


async def management(server: RabbitServer, url: str, path: str) -> dict[str, object]:
    """What RabbitMQ's HTTP API says of one thing in the virtual host of `url`."""
    parts = urlsplit(url)
    auth = (parts.username or "guest", parts.password or "guest")
    address = f"{server.management_url}/api/{path.format(vhost=quote(parts.path[1:], safe=''))}"
    async with async_client(auth=auth) as client:
        document: dict[str, object] = (await client.get(address)).raise_for_status().json()
    return document
