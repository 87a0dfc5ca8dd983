"""Models that fail as a test says, with everything around them that it may look at."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from ai_platform.llm.application.ports import Answered
from ai_platform.llm.application.resilient import ResilientModels
from ai_platform.llm.application.turnstile import Turnstile
from ai_platform.llm.domain.breaker import BreakerRules
from ai_platform.llm.domain.calls import Answer, Call, Message, Tokens
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed
from ai_platform.llm.domain.retrying import RetryPolicy
from ai_platform.llm.infrastructure.gate_local import LocalGate
from tests.unit.llm.fakes import FakeCatalogue, FakeClock, ScriptedModels, a_config

FINE = Answer("Because of Rayleigh.", Tokens(10, 4))
OVERLOADED = ModelCallFailed(FailureCode.OVERLOADED, "Overloaded.")
SAID = (Message("user", "Why is the sky blue?"),)


def limited(retry_after: float) -> ModelCallFailed:
    return ModelCallFailed(FailureCode.RATE_LIMITED, "Too fast.", retry_after=retry_after)


def failing(code: FailureCode) -> ModelCallFailed:
    return ModelCallFailed(code, "It failed.")


@dataclass
class Stage:
    """The models under test, with everything around them that a test may look at."""

    models: ScriptedModels
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    clock: FakeClock = field(default_factory=FakeClock)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    rules: BreakerRules = field(default_factory=lambda: BreakerRules(failure_threshold=1000))
    slept: list[float] = field(default_factory=list)
    chance: float = 0.5

    def __post_init__(self) -> None:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.clock.now += seconds

        self.gate = LocalGate(self.rules, self.clock)
        self.resilient = ResilientModels(
            catalogue=self.catalogue,
            models=self.models,
            turnstile=Turnstile(self.gate, self.clock, lambda: self.chance),
            policy=self.policy,
            clock=self.clock,
            chance=lambda: self.chance,
            sleep=sleep,
        )

    async def answer(self, config: LLMConfig | None = None, **call: Any) -> Answered:
        return await self.resilient.answer(config or a_config(), SAID, Call(**call))

    async def failure(self, config: LLMConfig | None = None, **call: Any) -> ModelCallFailed:
        with pytest.raises(ModelCallFailed) as failed:
            await self.answer(config, **call)
        return failed.value


def a_stage(*said: Answer | Exception, **others: Any) -> Stage:
    """What `smart` says one after another; `second` and `third` may be given by name."""
    scripts = {"smart": list(said)}
    configs = FakeCatalogue()
    for name in ("second", "third"):
        if name in others:
            scripts[name] = list(others.pop(name))
            configs.put(a_config(name=name))
    return Stage(ScriptedModels(scripts), **{"catalogue": configs, **others})
