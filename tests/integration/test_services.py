"""The harness keeps its promises: what it starts answers, survives `kill -9`, and keeps tests apart."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import asyncpg
import psutil
import pytest
from aio_pika.abc import AbstractChannel, AbstractQueue
from aio_pika.exceptions import AMQPConnectionError
from redis.asyncio import Redis

from tests.services.process import lives
from tests.services.rabbitmq import RabbitServer
from tests.services.redis import RedisServer
from tests.services.stack import Services


@pytest.fixture(scope="module")
def victims() -> Iterator[Services]:
    """Servers of this module's own: to kill the session's would disturb other tests."""
    with Services(private=True) as services:
        yield services


@pytest.fixture(scope="module")
def rabbitmq_server(victims: Services) -> RabbitServer:
    """In place of the session's, which takes seconds to start; `rabbitmq_url` builds on either."""
    return victims.rabbitmq


async def test_a_committed_row_survives_the_death_of_postgresql(victims: Services) -> None:
    server = victims.postgres
    url = server.create_database("ledger")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE payments AS SELECT 42 AS amount")

    server.kill()
    assert not server.answers()
    server.start()

    again = await asyncpg.connect(url)
    assert await again.fetchval("SELECT amount FROM payments") == 42
    await again.close()


async def test_a_confirmed_message_survives_the_death_of_rabbitmq(victims: Services) -> None:
    server = victims.rabbitmq
    async with await aio_pika.connect(server.url) as connection:
        await _publish(await connection.channel(), b"pay 42")
    server.settle()

    server.kill()
    with pytest.raises(AMQPConnectionError):
        await aio_pika.connect(server.url)
    server.start()

    async with await aio_pika.connect(server.url) as connection:
        message = await (await _orders(await connection.channel())).get(timeout=10)
        assert message is not None
        await message.ack()
        assert message.body == b"pay 42"


async def test_an_acknowledged_key_survives_the_death_of_redis(victims: Services) -> None:
    server = victims.redis
    async with Redis.from_url(server.url) as client:
        await client.set("cart", "full")

    server.kill()
    assert not server.answers()
    server.start()

    async with Redis.from_url(server.url) as client:
        assert await client.get("cart") == b"full"


def test_a_frozen_server_is_silent_until_it_thaws(victims: Services) -> None:
    victims.redis.freeze()
    assert not victims.redis.answers()
    victims.redis.thaw()
    assert victims.redis.answers()


async def test_two_virtual_hosts_do_not_see_each_other(rabbitmq_server: RabbitServer, rabbitmq_url: str) -> None:
    neighbour = rabbitmq_server.create_vhost("the neighbour/s")
    async with await aio_pika.connect(rabbitmq_url) as ours, await aio_pika.connect(neighbour) as theirs:
        await _publish(await ours.channel(), b"ours")
        queue = await _orders(await theirs.channel())
        assert await queue.get(fail=False) is None
    rabbitmq_server.drop_vhost("the neighbour/s")


async def test_a_copied_database_has_the_rows_of_its_template(victims: Services) -> None:
    template = await asyncpg.connect(victims.postgres.create_database("template"))
    await template.execute("CREATE TABLE shelf AS SELECT 'book' AS item")
    await template.close()

    copy = await asyncpg.connect(victims.postgres.create_database("copy", template="template"))
    assert await copy.fetchval("SELECT item FROM shelf") == "book"
    await copy.close()


async def test_a_fresh_database_has_no_table(fresh_database: str) -> None:
    connection = await asyncpg.connect(fresh_database)
    assert not await connection.fetch("SELECT FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()


async def test_a_test_does_not_see_the_keys_of_another(redis_server: RedisServer, redis_url: str) -> None:
    async with Redis.from_url(redis_url) as ours, Redis.from_url(redis_server.empty_database()) as theirs:
        await ours.set("cart", "full")
        assert await theirs.dbsize() == 0


def test_nothing_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.services", "--no-rabbitmq", f"--dir={tmp_path}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline().startswith("export DATABASE_URL=")
        family = psutil.Process(run.pid).children(recursive=True)
        run.kill()

    assert len(family) > 3, "the watchdog, Redis, and PostgreSQL with its own"
    deadline = time.monotonic() + 15
    while any(lives(process) for process in family):
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def _publish(channel: AbstractChannel, body: bytes) -> None:
    await _orders(channel)
    message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, routing_key="orders")


async def _orders(channel: AbstractChannel) -> AbstractQueue:
    return await channel.declare_queue("orders", durable=True, arguments={"x-queue-type": "quorum"})
