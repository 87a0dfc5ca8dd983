"""The agents of the multi-agent pipeline as a cast, each with its line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from ai_platform.llm.application.agents import Agents
from ai_platform.llm.application.complete import Complete
from ai_platform.llm.application.ports import Answered
from ai_platform.llm.contracts.api import Completion, CompletionFailed
from ai_platform.llm.domain.calls import Answer, Call, Message, Tokens
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed
from ai_platform.llm.infrastructure.agent_runs import AgentRuns
from tests.unit.llm.fakes import FakeCatalogue, a_config, a_request, a_template

DOWN = ModelCallFailed(FailureCode.SERVER_ERROR, "Down.")
OPEN = ModelCallFailed(FailureCode.BREAKER_OPEN, "The breaker is open.", retry_after=9.0, untried=True)
PROMPT = "Why is the sky blue?"
AGENTS = ("main", "fallback", "followup", "moderation")


def a_verdict(*violations: str) -> str:
    verdict = {"is_safe": not violations, "violations": violations, "confidence": 0.9, "reason": "so"}
    return json.dumps(verdict)


@dataclass
class Cast:
    """Each agent is known by its template's words and says its line, or fails with it."""

    lines: dict[str, str | ModelCallFailed] = field(default_factory=dict)
    asked: list[tuple[str, LLMConfig, tuple[Message, ...], Call]] = field(default_factory=list)

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answered:
        name = messages[0].content.removeprefix("You are ").rstrip(".")
        self.asked.append((name, config, tuple(messages), call))
        line = self.lines.get(name, a_verdict() if name == "moderation" else f"{name} speaks")
        if isinstance(line, ModelCallFailed):
            raise line
        if call.on_token is not None:
            call.on_token(line)
        return Answered(Answer(line, Tokens(10, 2)), config)

    @property
    def names(self) -> list[str]:
        return [name for name, *_ in self.asked]

    def heard(self, name: str) -> tuple[Message, ...]:
        return next(messages for asked, _, messages, _ in self.asked if asked == name)


def a_catalogue(*rows: Any) -> FakeCatalogue:
    templates = [a_template(name=f"{name}-agent", content=f"You are {name}.") for name in AGENTS]
    return FakeCatalogue().put(a_config(), *templates, *rows)


async def complete(cast: Cast, *rows: Any, **request: Any) -> Completion:
    use_case = Complete(catalogue=a_catalogue(*rows), models=cast, agents=AgentRuns(Agents(cast)))
    given = {"template_name": None, "pipeline": "multi_agent", "prompt": PROMPT, **request}
    return await use_case(a_request(**given))


async def the_failure(cast: Cast, *rows: Any, **request: Any) -> CompletionFailed:
    with pytest.raises(CompletionFailed) as failed:
        await complete(cast, *rows, **request)
    return failed.value
