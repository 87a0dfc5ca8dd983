"""How calls come to a gate and how they end: what its suites and its adapters' own tests speak in."""

from collections.abc import Callable
from typing import Protocol

from ai_platform.llm.application.ports import Breakers, BreakerSeen, Gate
from ai_platform.llm.domain.breaker import BreakerRules, BreakerState, Verdict
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import Outcome, Permit, Refused
from tests.support import eventually
from tests.unit.llm.fakes import a_config

RULES = BreakerRules(failure_threshold=3, success_threshold=2, timeout=60.0)
QUICK = BreakerRules(failure_threshold=3, success_threshold=2, timeout=0.05)

GOOD, BAD, NEITHER = Outcome(Verdict.SUCCESS), Outcome(Verdict.FAILURE), Outcome(Verdict.NEUTRAL)


class FullGate(Gate, Breakers, Protocol):
    pass


MakeGate = Callable[[BreakerRules], FullGate]


async def let_through(gate: Gate, config: LLMConfig, tokens: int = 1) -> Permit:
    answer = await gate.enter(config, tokens)
    assert isinstance(answer, Permit), answer
    return answer


async def refused(gate: Gate, config: LLMConfig, tokens: int = 1) -> Refused:
    answer = await gate.enter(config, tokens)
    assert isinstance(answer, Refused), answer
    return answer


async def seen(gate: Breakers, name: str = "smart") -> BreakerSeen:
    [breaker] = await gate.show([name])
    return breaker


async def opened(gate: FullGate, rules: BreakerRules = RULES) -> None:
    for _ in range(rules.failure_threshold):
        gate.leave(await let_through(gate, a_config()), BAD)


async def half_opened(gate: FullGate) -> None:
    await opened(gate, QUICK)
    await eventually(_state_is, gate, BreakerState.HALF_OPEN)


async def _state_is(gate: FullGate, state: BreakerState) -> bool:
    return (await seen(gate)).state is state
