"""Who has to wait a moment waits in line; who would have to wait long, or finds the line full, is sent away."""

import asyncio

from ai_platform.llm.application.turnstile import LEAST_IN_LINE, Turnstile
from ai_platform.llm.domain.breaker import BreakerRules, Verdict
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import Outcome, Permit, Reason, Refused
from ai_platform.llm.infrastructure.gate_local import LocalGate
from tests.support import eventually
from tests.unit.llm.fakes import a_config

GOOD = Outcome(Verdict.SUCCESS)
NARROW = a_config(max_concurrency=1)


def a_turnstile() -> Turnstile:
    return Turnstile(LocalGate(BreakerRules()), asyncio.get_running_loop().time, lambda: 0.5)


async def entered(turnstile: Turnstile, config: LLMConfig = NARROW) -> Permit:
    answer = await turnstile.enter(config, 1, deadline=None)
    assert isinstance(answer, Permit)
    return answer


async def test_those_who_wait_come_in_one_after_another_as_they_came() -> None:
    turnstile, order = a_turnstile(), list[int]()
    first = await entered(turnstile)

    async def call(number: int) -> None:
        permit = await entered(turnstile)
        order.append(number)
        turnstile.leave(permit, GOOD)

    calls = [asyncio.create_task(call(number)) for number in range(10)]
    await asyncio.sleep(0)
    turnstile.leave(first, GOOD)
    async with asyncio.timeout(2):  # far less than ten polls: each is called by the one before
        await asyncio.gather(*calls)

    assert order == list(range(10))


async def test_a_full_line_sends_away_with_times_that_differ() -> None:
    turnstile = a_turnstile()
    await entered(turnstile)
    waiting = [asyncio.create_task(turnstile.enter(NARROW, 1, deadline=None)) for _ in range(LEAST_IN_LINE)]
    await asyncio.sleep(0)

    answers = [await turnstile.enter(NARROW, 1, deadline=None) for _ in range(50)]

    refusals = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refusals) == 50
    assert refusals[0].retry_after < refusals[-1].retry_after <= 60
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_limit_that_lasts_longer_is_not_waited_for() -> None:
    turnstile = a_turnstile()
    config = a_config(requests_per_minute=1)
    await entered(turnstile, config)

    async with asyncio.timeout(1):
        answer = await turnstile.enter(config, 1, deadline=None)

    assert isinstance(answer, Refused)
    assert answer.reason is Reason.REQUESTS


async def test_a_short_pause_is_waited_out() -> None:
    turnstile = a_turnstile()
    turnstile.leave(await entered(turnstile, a_config()), Outcome(Verdict.NEUTRAL, pause=0.05))

    await entered(turnstile, a_config())


async def test_nobody_waits_beyond_its_deadline() -> None:
    turnstile = a_turnstile()
    await entered(turnstile)
    loop = asyncio.get_running_loop()

    async with asyncio.timeout(1):
        answer = await turnstile.enter(NARROW, 1, deadline=loop.time() + 0.3)

    assert isinstance(answer, Refused)


async def test_who_gives_up_in_line_does_not_hold_up_those_behind() -> None:
    turnstile = a_turnstile()
    first = await entered(turnstile)
    leaving = asyncio.create_task(turnstile.enter(NARROW, 1, deadline=None))
    staying = asyncio.create_task(turnstile.enter(NARROW, 1, deadline=None))
    await asyncio.sleep(0)
    leaving.cancel()
    await eventually(leaving.done)

    turnstile.leave(first, GOOD)

    async with asyncio.timeout(1):
        assert isinstance(await staying, Permit)
