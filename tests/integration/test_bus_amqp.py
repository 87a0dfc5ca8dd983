"""What the bus on RabbitMQ promises besides: it survives the broker, and declares what operators rely on."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit
from uuid import UUID

import aio_pika
import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.bus import Delivery, QueueSpec
from ai_platform.runtime.bus_amqp import AmqpBus
from tests.http_clients import async_client
from tests.integration.bus_tools import (
    ORDERS,
    Collected,
    Inbox,
    confirmed,
    dead_letter,
    depth_becomes,
    for_queue,
    for_topic,
    ids_of,
    keep_in_hand,
    numbered,
)
from tests.integration.line import Line
from tests.patience import PATIENCE
from tests.services.process import free_port
from tests.services.rabbitmq import RabbitServer
from tests.services.stack import Services
from tests.support import eventually


@pytest.fixture(scope="module")
def victim() -> Iterator[RabbitServer]:
    """A broker of this module's own: to kill the session's would disturb other tests."""
    with Services(private=True) as services:
        yield services.rabbitmq


@pytest.fixture
async def line(rabbitmq_url: str) -> AsyncIterator[Line]:
    async with Line(rabbitmq_url) as line:
        yield line


@pytest.fixture
async def bus(line: Line) -> AsyncIterator[AmqpBus]:
    """On a line that can be cut."""
    bus = a_bus(line.url)
    yield bus
    await bus.close()


def a_bus(url: str, *queues: QueueSpec) -> AmqpBus:
    return AmqpBus(url, queues or [ORDERS], event_exchange="events")


async def test_nothing_confirmed_is_lost_when_the_broker_is_killed_and_comes_back(victim: RabbitServer) -> None:
    bus = a_bus(victim.url)
    inbox, confirmed_ids, refusals = Inbox(), set[UUID](), list[Unavailable]()

    async def publish_for_ever() -> None:
        while True:
            batch = numbered(20)
            try:
                outcomes = await bus.publish(batch)
            except Unavailable as error:
                refusals.append(error)
                await asyncio.sleep(0.05)
            else:
                confirmed_ids.update(one for one, refusal in zip(ids_of(batch), outcomes, strict=True) if not refusal)

    await bus.subscribe(ORDERS.name, inbox, concurrency=50)
    await confirmed(bus, numbered(1))
    await inbox.holds(1)
    await asyncio.to_thread(victim.settle)

    publishing = asyncio.create_task(publish_for_ever())
    await eventually(lambda: len(confirmed_ids) >= 400)
    await asyncio.to_thread(victim.kill)
    await eventually(lambda: len(refusals) >= 2)
    await asyncio.to_thread(victim.start)
    before = len(confirmed_ids)
    await eventually(lambda: len(confirmed_ids) >= before + 200 or publishing.done())
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing

    await eventually(lambda: confirmed_ids <= set(inbox.ids))
    assert {error.stable_code for error in refusals} == {"queue_unavailable"}
    await bus.close()


async def test_a_broker_that_was_never_there_is_unavailable() -> None:
    bus = a_bus(f"amqp://guest:guest@127.0.0.1:{free_port()}/")
    for call in (bus.publish(numbered(1)), bus.depth(ORDERS.name), bus.ping()):
        with pytest.raises(Unavailable) as refusal:
            await call
        assert refusal.value.stable_code == "queue_unavailable"
    await bus.close()


async def test_a_subscription_waits_for_a_broker_that_is_not_there_and_can_be_closed() -> None:
    bus = a_bus(f"amqp://guest:guest@127.0.0.1:{free_port()}/")
    await bus.subscribe(ORDERS.name, Inbox(), concurrency=1)
    async with asyncio.timeout(PATIENCE):
        await bus.close()


async def test_publishing_goes_on_after_a_cut_connection(bus: AmqpBus, line: Line) -> None:
    await confirmed(bus, numbered(1))
    line.cut()
    await eventually(lambda: line.open_connections == 0)
    await eventually(lambda: publishes(bus))


async def test_publishing_goes_on_when_connections_are_cut_under_load(bus: AmqpBus, line: Line) -> None:
    inbox = Inbox()
    await bus.subscribe(ORDERS.name, inbox, concurrency=50)
    await confirmed(bus, numbered(1))
    for _ in range(5):
        publishing = asyncio.create_task(bus.publish(numbered(300)))
        known = len(inbox.deliveries)
        await eventually(lambda known: len(inbox.deliveries) > known, known)
        line.cut()
        outcomes = (await asyncio.gather(publishing, return_exceptions=True))[0]
        assert isinstance(outcomes, list | Unavailable)
        await eventually(lambda: publishes(bus))


async def test_a_subscription_goes_on_after_a_cut_connection(bus: AmqpBus, line: Line) -> None:
    held_then_done = Inbox(ack_when_redelivered)
    outgoing = for_queue(ORDERS.name)
    await bus.subscribe(ORDERS.name, held_then_done, concurrency=5)
    await confirmed(bus, [outgoing])
    await held_then_done.holds(1)
    line.cut()

    await held_then_done.holds(2)
    assert held_then_done.ids == [outgoing.message.id] * 2
    await depth_becomes(bus, ORDERS.name)


async def test_work_in_hand_goes_on_when_the_connection_is_cut(bus: AmqpBus, line: Line) -> None:
    answer, finished = asyncio.Event(), list[bool]()

    async def wait_for_a_model(delivery: Delivery) -> None:
        await answer.wait()
        finished.append(delivery.redeliveries == 0)
        await delivery.ack()

    inbox = Inbox(wait_for_a_model)
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await confirmed(bus, numbered(1))
    await inbox.holds(1)
    line.cut()
    await inbox.holds(2)
    answer.set()

    await eventually(lambda: sorted(finished) == [False, True])
    await depth_becomes(bus, ORDERS.name)


async def test_a_verdict_on_a_connection_that_is_gone_is_no_error(bus: AmqpBus, line: Line) -> None:
    inbox = Inbox(keep_in_hand)
    subscription = await bus.subscribe(ORDERS.name, inbox, concurrency=3)
    await confirmed(bus, numbered(3))
    await inbox.holds(3)
    await subscription.stop()
    line.cut()
    await eventually(lambda: line.open_connections == 0)

    done, again, dead = inbox.deliveries
    await done.ack()
    await again.redeliver()
    await dead.dead_letter()
    await depth_becomes(bus, ORDERS.name, ready=3)


async def test_a_subscription_goes_on_after_its_queue_was_deleted(bus: AmqpBus, rabbitmq_url: str) -> None:
    inbox = Inbox()
    await bus.subscribe(ORDERS.name, inbox, concurrency=5)
    await confirmed(bus, numbered(1))
    await inbox.holds(1)
    async with await aio_pika.connect(rabbitmq_url) as connection:
        await (await connection.channel()).queue_delete(ORDERS.name)

    await eventually(lambda: publishes(bus))
    await inbox.holds(2)


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


async def test_publishing_and_consuming_have_connections_of_their_own(bus: AmqpBus, line: Line) -> None:
    await confirmed(bus, numbered(5))
    assert line.open_connections == 1
    inbox = Inbox()
    await bus.subscribe(ORDERS.name, inbox, concurrency=1)
    await inbox.holds(5)
    assert line.open_connections == 2

    await bus.close()
    await eventually(lambda: line.open_connections == 0)


async def publishes(bus: AmqpBus) -> bool:
    try:
        return await bus.publish(numbered(1)) == [None]
    except Unavailable:
        return False


async def ack_when_redelivered(delivery: Delivery) -> None:
    if delivery.redeliveries:
        await delivery.ack()


async def management(server: RabbitServer, url: str, path: str) -> dict[str, object]:
    """What RabbitMQ's HTTP API says of one thing in the virtual host of `url`."""
    parts = urlsplit(url)
    auth = (parts.username or "guest", parts.password or "guest")
    address = f"{server.management_url}/api/{path.format(vhost=quote(parts.path[1:], safe=''))}"
    async with async_client(auth=auth) as client:
        document: dict[str, object] = (await client.get(address)).raise_for_status().json()
    return document
