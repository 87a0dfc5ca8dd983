"""The gate in Redis keeps what every gate promises, for several workers, and whatever becomes of Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from ai_platform.kernel.errors import Unavailable
from ai_platform.llm.domain.breaker import BreakerRules, BreakerState, Verdict
from ai_platform.llm.domain.entrance import Outcome, Permit, Reason, Refused
from ai_platform.llm.infrastructure.gate_local import LocalGate
from ai_platform.llm.infrastructure.gate_redis import RedisGate
from ai_platform.runtime.cache import shared_state
from tests.services.redis import RedisServer
from tests.services.stack import Services
from tests.support import eventually
from tests.unit.llm.fakes import a_config
from tests.unit.llm.gate_suite import *  # noqa: F403 - the suite
from tests.unit.llm.gate_suite import BAD, GOOD, RULES, let_through, opened, refused, seen

MakeRedisGate = Callable[[BreakerRules], RedisGate]


@pytest_asyncio.fixture
async def gates() -> AsyncIterator[Callable[[str, BreakerRules], RedisGate]]:
    """Makes gates of workers; all of them are closed at the end."""
    made: list[tuple[RedisGate, Redis]] = []

    def make(url: str, rules: BreakerRules) -> RedisGate:
        client = shared_state(url)
        made.append((RedisGate(client, LocalGate(rules)), client))
        return made[-1][0]

    yield make
    for gate, client in made:
        await gate.close()
        await client.aclose(close_connection_pool=True)


@pytest.fixture
def gate(redis_url: str, gates: Callable[[str, BreakerRules], RedisGate]) -> MakeRedisGate:
    """Gates of several workers on one Redis."""
    return lambda rules: gates(redis_url, rules)


@pytest.fixture(scope="module")
def victim() -> Iterator[RedisServer]:
    """A server of this module's own: to kill the session's would disturb other tests."""
    with Services(private=True) as services:
        yield services.redis


@asynccontextmanager
async def scripts_run(url: str) -> AsyncIterator[list[str]]:
    """At the end of the block holds each script that ran in this database, whoever else uses the server."""
    ran: list[str] = []
    async with Redis.from_url(url, single_connection_client=True) as client, client.monitor() as monitor:
        yield ran
        async with Redis.from_url(url) as last:
            await last.echo("the end")
        while (seen := await monitor.next_command())["command"] != "ECHO the end":
            if f"/{seen['db']}" == urlsplit(url).path and seen["command"].startswith("EVAL"):
                ran.append(seen["command"])


async def test_what_one_worker_sees_holds_for_all(gate: MakeRedisGate) -> None:
    mine, yours = gate(RULES), gate(RULES)
    await opened(mine)
    await mine.close()

    assert (await refused(yours, a_config())).reason is Reason.BREAKER_OPEN


async def test_slots_are_shared_by_all_workers(gate: MakeRedisGate) -> None:
    mine, yours = gate(RULES), gate(RULES)
    config = a_config(max_concurrency=4)

    answers = await asyncio.gather(*(worker.enter(config, 1) for worker in (mine, yours) for _ in range(10)))

    assert sum(isinstance(answer, Permit) for answer in answers) == 4


async def test_slots_of_a_worker_that_died_are_free_again_within_ten_seconds(gate: MakeRedisGate) -> None:
    dead, alive = gate(RULES), gate(RULES)
    config = a_config(max_concurrency=1)
    await let_through(dead, config)
    for work in dead._upkeep:  # what a kill does to it
        await work.stop()

    async def is_free() -> bool:
        return isinstance(await alive.enter(config, 1), Permit)

    await eventually(is_free)


async def test_a_slot_is_kept_for_as_long_as_its_call_lasts(gate: MakeRedisGate, redis_url: str) -> None:
    mine = gate(RULES)
    await let_through(mine, a_config(max_concurrency=1))
    async with Redis.from_url(redis_url) as client:
        first = await _kept_until(client)

        async def is_renewed() -> bool:
            return await _kept_until(client) > first

        await eventually(is_renewed)


async def _kept_until(client: Redis) -> float:
    """When the only slot that is taken is free again, if nobody renews it."""
    [until] = [float(until) async for _, until in client.zscan_iter("{llm-gate}:slots:smart")]
    return until


async def test_a_caller_that_gives_up_at_the_gate_holds_no_slot(gate: MakeRedisGate) -> None:
    mine = gate(RULES)
    config = a_config(max_concurrency=1)
    entering = asyncio.create_task(mine.enter(config, 1))
    await asyncio.sleep(0)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering

    await let_through(mine, config)


async def test_under_load_a_call_is_less_than_one_round_trip(gate: MakeRedisGate, redis_url: str) -> None:
    mine = gate(RULES)
    await let_through(mine, a_config())
    at_once = asyncio.Semaphore(100)

    async def call() -> None:
        async with at_once:
            permit = await let_through(mine, a_config(max_concurrency=100), 10)
            await asyncio.sleep(0)
            mine.leave(permit, GOOD)

    async with scripts_run(redis_url) as ran:
        await asyncio.gather(*(call() for _ in range(200)))
        await mine.close()

    assert 0 < len(ran) <= 200


async def test_a_lone_call_waits_for_one_round_trip(gate: MakeRedisGate, redis_url: str) -> None:
    mine = gate(RULES)
    await let_through(mine, a_config())

    async with scripts_run(redis_url) as ran:
        await let_through(mine, a_config())

    assert len(ran) == 1


async def test_every_key_expires(gate: MakeRedisGate, redis_url: str) -> None:
    mine = gate(RULES)
    config = a_config(max_concurrency=5, requests_per_minute=50, tokens_per_minute=5_000)
    mine.leave(await let_through(mine, config, 10), Outcome(Verdict.FAILURE, pause=60, tokens=7))
    await let_through(mine, a_config(name="other", max_concurrency=5), 10)

    async with Redis.from_url(redis_url) as client:
        keys = await client.keys("*")
        lives = [await client.ttl(key) for key in keys]

    assert keys
    assert all(life > 0 for life in lives)


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


PLEASE_WAIT = Outcome(Verdict.NEUTRAL, pause=30)


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
