"""What every live stream promises, by one suite for both adapters, and what Redis' death does to it."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from ai_platform.runtime.live import MISSED, LiveStream, MemoryLiveStream, Subscription
from ai_platform.runtime.live_redis import RedisLiveStream
from tests.patience import PATIENCE
from tests.services.redis import RedisServer
from tests.services.stack import Services
from tests.support import eventually


@pytest.fixture(params=["Redis", "memory"])
async def live(request: pytest.FixtureRequest) -> AsyncIterator[LiveStream]:
    live = MemoryLiveStream() if request.param == "memory" else RedisLiveStream(request.getfixturevalue("redis_url"))
    yield live
    await live.close()


@pytest.fixture
def victim() -> Iterator[RedisServer]:
    """A server of the test's own, to be killed."""
    with Services(private=True) as services:
        yield services.redis


async def next_of(subscription: Subscription) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await anext(subscription)


async def test_what_is_published_is_heard_in_its_order_and_byte_for_byte(live: LiveStream) -> None:
    said = [bytes([number]) * number for number in range(1, 256)]
    async with live.subscribe("order") as subscription:
        for payload in said:
            live.tell("order", payload)
        assert [await next_of(subscription) for _ in said] == said


async def test_every_reader_of_a_channel_hears_it(live: LiveStream) -> None:
    async with live.subscribe("order") as first, live.subscribe("order") as second:
        live.tell("order", b"placed")
        assert [await next_of(first), await next_of(second)] == [b"placed", b"placed"]


async def test_channels_do_not_hear_each_other(live: LiveStream) -> None:
    async with live.subscribe("order") as orders, live.subscribe("refund") as refunds:
        live.tell("order", b"placed")
        live.tell("refund", b"paid")
        assert [await next_of(orders), await next_of(refunds)] == [b"placed", b"paid"]


async def test_one_who_leaves_takes_nothing_from_one_who_stays(live: LiveStream) -> None:
    async with live.subscribe("order") as stays:
        async with live.subscribe("order"):
            pass
        live.tell("order", b"placed")
        assert await next_of(stays) == b"placed"


async def test_a_channel_that_was_left_can_be_listened_to_again(live: LiveStream) -> None:
    for number in (b"1", b"2", b"3"):
        async with live.subscribe("order") as subscription:
            live.tell("order", number)
            assert await next_of(subscription) == number


async def test_what_was_published_before_is_not_heard(live: LiveStream) -> None:
    live.tell("order", b"early")
    async with live.subscribe("witness") as witness:
        live.tell("witness", b"sent")
        await next_of(witness)
    async with live.subscribe("order") as subscription:
        live.tell("order", b"late")
        assert await next_of(subscription) == b"late"


async def test_a_cancelled_wait_loses_nothing(live: LiveStream) -> None:
    async with live.subscribe("order") as subscription:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(subscription), 0.01)
        live.tell("order", b"placed")
        assert await next_of(subscription) == b"placed"


async def test_a_slow_reader_is_told_that_it_missed_some() -> None:
    subscription = Subscription(most=2)
    for payload in (b"1", b"2", b"3", b"4"):
        subscription.offer(payload)
    assert [await next_of(subscription), await next_of(subscription)] == [MISSED, b"4"]


async def test_closing_ends_every_reader(live: LiveStream) -> None:
    async with live.subscribe("order") as subscription:
        await live.close()
        with pytest.raises(StopAsyncIteration):
            await next_of(subscription)


async def test_two_hundred_channels_share_one_connection(redis_url: str) -> None:
    live = RedisLiveStream(redis_url)
    with redis.Redis.from_url(redis_url) as observer:
        before = len(observer.client_list(_type="pubsub"))
        async with live.subscribe("0"):
            entered = [live.subscribe(f"channel-{number}") for number in range(200)]
            subscriptions = await asyncio.gather(*(one.__aenter__() for one in entered))
            assert len(observer.client_list(_type="pubsub")) == before + 1
            for number in range(200):
                live.tell(f"channel-{number}", b"%d" % number)
            assert [await next_of(one) for one in subscriptions] == [b"%d" % number for number in range(200)]
            await asyncio.gather(*(one.__aexit__(None, None, None) for one in entered))
            await eventually(lambda: not observer.pubsub_channels("channel-*"))
    await live.close()


async def test_after_a_restart_of_redis_readers_are_told_and_hear_again(victim: RedisServer) -> None:
    live = RedisLiveStream(victim.url)
    async with live.subscribe("order") as subscription:
        await asyncio.to_thread(victim.kill)
        live.tell("order", b"dropped")
        await asyncio.to_thread(victim.start)
        async with asyncio.timeout(PATIENCE):
            assert await anext(subscription) == MISSED
        heard = asyncio.create_task(anext(subscription))

        def is_heard() -> bool:
            live.tell("order", b"again")
            return heard.done()

        await eventually(is_heard)
        assert await heard == b"again"
    await live.close()


async def test_one_may_come_in_while_redis_is_away_and_is_told_when_it_is_back(victim: RedisServer) -> None:
    live = RedisLiveStream(victim.url)
    await asyncio.to_thread(victim.kill)
    async with asyncio.timeout(PATIENCE), live.subscribe("order") as subscription:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(subscription), 0.01)
        await asyncio.to_thread(victim.start)
        assert await next_of(subscription) == MISSED
    await live.close()


async def test_publishing_neither_waits_nor_fails_while_redis_is_away(victim: RedisServer) -> None:
    live = RedisLiveStream(victim.url)
    await asyncio.to_thread(victim.kill)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(20_000):
        live.tell("order", b"lost")
    assert loop.time() - began < 10, "half a millisecond each: nothing is waited for"
    async with asyncio.timeout(PATIENCE):
        await live.close()
