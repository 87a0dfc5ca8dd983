"""Whatever becomes of Redis, calls go on, and what a worker has seen or was asked for is kept."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from redis.asyncio import Redis

from ai_platform.kernel.errors import Unavailable
from ai_platform.llm.domain.breaker import BreakerRules, BreakerState, Verdict
from ai_platform.llm.domain.entrance import Outcome, Permit, Reason, Refused
from ai_platform.llm.infrastructure.gate_redis import RedisGate
from tests.integration.llm.conftest import MakeRedisGate
from tests.services.redis import RedisServer
from tests.services.stack import Services
from tests.support import eventually
from tests.unit.llm.fakes import a_config
from tests.unit.llm.gates import BAD, RULES, let_through, opened, refused, seen

PLEASE_WAIT = Outcome(Verdict.NEUTRAL, pause=30)


@pytest.fixture(scope="module")
def victim() -> Iterator[RedisServer]:
    """A server of this module's own: to kill the session's would disturb other tests."""
    with Services(private=True) as services:
        yield services.redis


async def test_without_redis_calls_go_on_and_none_waits_long(
    victim: RedisServer, gates: Callable[[str, BreakerRules], RedisGate]
) -> None:
    victim.clear_database(victim.url)
    mine = gates(victim.url, RULES)
    await let_through(mine, a_config())
    victim.freeze()
    loop = asyncio.get_running_loop()
    began = loop.time()
    answers = await asyncio.gather(*(mine.enter(a_config(), 1) for _ in range(50)))
    took = loop.time() - began
    victim.thaw()

    assert all(isinstance(answer, Permit) for answer in answers)
    assert took < 0.4


async def test_without_redis_a_worker_keeps_what_it_saw(
    victim: RedisServer, gates: Callable[[str, BreakerRules], RedisGate]
) -> None:
    victim.clear_database(victim.url)
    mine = gates(victim.url, RULES)
    config = a_config(name="narrow", max_concurrency=1)
    await let_through(mine, config)
    await opened(mine)
    await refused(mine, a_config())
    await asyncio.to_thread(victim.kill)
    try:
        assert (await refused(mine, a_config())).reason is Reason.BREAKER_OPEN
        assert (await refused(mine, config)).reason is Reason.CONCURRENCY
        with pytest.raises(Unavailable):
            await mine.show(["smart"])
        assert mine.seen(["smart"])[0].state is BreakerState.OPEN
    finally:
        await asyncio.to_thread(victim.start)


async def test_a_redis_that_comes_back_empty_is_used_again(
    victim: RedisServer, gates: Callable[[str, BreakerRules], RedisGate]
) -> None:
    victim.clear_database(victim.url)
    mine, yours = gates(victim.url, RULES), gates(victim.url, RULES)
    held = await let_through(mine, a_config(name="narrow", max_concurrency=1))
    await asyncio.to_thread(victim.kill)
    await let_through(mine, a_config(name="other"))
    await asyncio.to_thread(victim.start)
    victim.clear_database(victim.url)

    async def shows_again() -> bool:
        try:
            return bool(await mine.show(["smart"]))
        except Unavailable:
            return False

    await eventually(shows_again)
    mine.leave(held, BAD)
    await opened(mine)

    assert (await seen(yours)).state is BreakerState.OPEN


async def test_a_wish_heard_while_redis_was_asked_is_kept(gate: MakeRedisGate) -> None:
    mine = gate(RULES)
    first = await let_through(mine, a_config())
    entering = asyncio.create_task(mine.enter(a_config(max_concurrency=1), 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # on its way
    mine.leave(first, PLEASE_WAIT)

    answer = await entering

    assert isinstance(answer, Refused)
    assert answer.reason is Reason.PAUSED


async def test_a_redis_that_forgot_a_wish_is_told_again(gate: MakeRedisGate, redis_url: str) -> None:
    mine, yours = gate(RULES), gate(RULES)
    mine.leave(await let_through(mine, a_config()), PLEASE_WAIT)
    async with Redis.from_url(redis_url) as client:
        await client.flushdb()

    assert (await refused(mine, a_config())).reason is Reason.PAUSED  # it has not forgotten
    await mine.show(["other"])  # it learns that Redis has
    await eventually(_is_refused, yours)


async def test_a_wish_heard_without_redis_is_told_when_it_is_back(
    victim: RedisServer, gates: Callable[[str, BreakerRules], RedisGate]
) -> None:
    victim.clear_database(victim.url)
    mine, yours = gates(victim.url, RULES), gates(victim.url, RULES)
    held = await let_through(mine, a_config())
    await asyncio.to_thread(victim.kill)
    await let_through(mine, a_config())
    mine.leave(held, PLEASE_WAIT)
    await asyncio.to_thread(victim.start)

    await eventually(_is_refused, yours)


async def _is_refused(gate: RedisGate) -> bool:
    return isinstance(await gate.enter(a_config(), 1), Refused)
