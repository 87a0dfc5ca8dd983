"""The gate in Redis keeps what every gate promises, and for several workers at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from ai_platform.llm.domain.breaker import Verdict
from ai_platform.llm.domain.entrance import Outcome, Permit, Reason
from tests.integration.llm.conftest import MakeRedisGate
from tests.support import eventually
from tests.unit.llm.fakes import a_config
from tests.unit.llm.gate_suite_breaker import *  # noqa: F403 - the suite
from tests.unit.llm.gate_suite_limits import *  # noqa: F403 - the suite
from tests.unit.llm.gates import GOOD, RULES, let_through, opened, refused


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
