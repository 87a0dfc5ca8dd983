"""What every express way promises, by one suite for both adapters, and what Redis' death does to it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis

from ai_platform.kernel.ids import new_id
from ai_platform.runtime.bus import Message
from ai_platform.runtime.express import Express, MemoryExpress
from ai_platform.runtime.express_redis import RedisExpress
from tests.patience import PATIENCE
from tests.services.redis import RedisServer
from tests.services.stack import Services
from tests.support import eventually


@pytest.fixture(params=["Redis", "memory"])
async def express(request: pytest.FixtureRequest) -> AsyncIterator[Express]:
    way = MemoryExpress() if request.param == "memory" else RedisExpress(request.getfixturevalue("redis_url"))
    yield way
    await way.close()


@pytest.fixture
async def over_redis(redis_url: str) -> AsyncIterator[RedisExpress]:
    way = RedisExpress(redis_url)
    yield way
    await way.close()


@pytest.fixture
def victim() -> Iterator[RedisServer]:
    """A server of the test's own, to be killed."""
    with Services(private=True) as services:
        yield services.redis


def a_message(**fields: Any) -> Message:
    return Message(**{"id": new_id(), "type": "orders.placed", "body": {"order": 1}, **fields})


async def asking(express: Express, queue: str = "orders") -> "asyncio.Task[Message]":
    """Somebody who asks already when this returns, or is about to."""
    task = asyncio.create_task(express.next(queue))
    await asyncio.sleep(0)
    return task


async def came(task: "asyncio.Task[Message]") -> Message:
    async with asyncio.timeout(PATIENCE):
        return await task


async def test_whoever_asks_gets_the_message_whole(express: Express) -> None:
    message = a_message(body={"words": "kopi gayo ☕", "deep": [1, {"a": None}]}, headers={"traceparent": "00-1-2-03"})
    reader = await asking(express)

    express.hand("orders", message)

    assert await came(reader) == message


async def test_of_several_who_ask_each_gets_another(express: Express) -> None:
    messages = [a_message() for _ in range(3)]
    readers = [await asking(express) for _ in messages]

    for message in messages:
        express.hand("orders", message)

    got = [await came(reader) for reader in readers]
    assert sorted(one.id for one in got) == sorted(one.id for one in messages)


async def test_queues_do_not_get_each_others_copies(express: Express) -> None:
    order, refund = a_message(), a_message()
    orders, refunds = await asking(express, "orders"), await asking(express, "refunds")

    express.hand("refunds", refund)
    express.hand("orders", order)

    assert [await came(orders), await came(refunds)] == [order, refund]


async def test_one_who_gave_up_asking_takes_nothing_from_the_next(express: Express) -> None:
    gone = await asking(express)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    reader, message = await asking(express), a_message()

    async def arrives() -> bool:
        express.hand("orders", message)
        await asyncio.wait([reader], timeout=0.05)
        return reader.done()

    await eventually(arrives)
    assert reader.result() == message


async def test_what_nobody_asks_for_is_gone_at_once_in_memory() -> None:
    express, late = MemoryExpress(), a_message()
    express.hand("orders", a_message())
    reader = await asking(express)
    express.hand("orders", late)

    assert await came(reader) == late


async def test_what_nobody_asks_for_is_gone_soon_from_redis(over_redis: RedisExpress, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client, client.monitor() as monitor:
        over_redis.hand("orders", a_message())
        said = monitor.listen()
        while not (await asyncio.to_thread(next, said))["command"].startswith("PEXPIRE express:orders"):
            pass
        await eventually(lambda: client.dbsize() == 0)


async def test_no_more_than_a_few_wait_for_somebody_to_ask(over_redis: RedisExpress) -> None:
    messages = [a_message() for _ in range(50)]
    for message in messages:
        over_redis.hand("orders", message)
    got: list[Message] = []

    async def read() -> None:
        while True:
            got.append(await over_redis.next("orders"))

    reading = asyncio.create_task(read())
    last = a_message()

    async def the_last_came() -> bool:
        over_redis.hand("orders", last)
        return last in got

    await eventually(the_last_came)
    reading.cancel()
    assert len([one for one in got if one != last]) <= 8


async def test_what_is_no_message_is_passed_over(over_redis: RedisExpress, redis_url: str) -> None:
    reader, message = await asking(over_redis), a_message()
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("express:orders", b"\xff", b"{}", b'{"id": 7, "type": "", "body": {}, "headers": {}}', b"null")
    over_redis.hand("orders", message)

    assert await came(reader) == message


async def test_without_redis_nobody_fails_and_once_it_is_back_copies_come(victim: RedisServer) -> None:
    express = RedisExpress(victim.url)
    try:
        reader = await asking(express)
        victim.kill()
        express.hand("orders", a_message())
        victim.start()
        back = a_message()

        async def arrives() -> bool:
            express.hand("orders", back)
            await asyncio.wait([reader], timeout=0.05)
            return reader.done()

        await eventually(arrives)
        assert reader.result() == back
    finally:
        await express.close()
