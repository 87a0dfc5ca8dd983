"""Stand-ins for the model layer's ports, and builders of what it works on."""

import asyncio
import copy
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ai_platform.llm.application.crew import Agent, Crew
from ai_platform.llm.application.ports import Answered, Choice
from ai_platform.llm.contracts.api import CompletionRequest
from ai_platform.llm.domain.agent import AgentConfig, AgentType
from ai_platform.llm.domain.calls import Answer, Call, Message, Tokens
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.template import PromptTemplate


def a_config(**changes: Any) -> LLMConfig:
    return LLMConfig(**{"name": "smart", "provider": "openai", "model_name": "echo", **changes})


def a_template(**changes: Any) -> PromptTemplate:
    return PromptTemplate(**{"name": "assistant", "content": "Be kind.", **changes})


def an_agent(agent_type: str = "main", **changes: Any) -> AgentConfig:
    given = {"agent_type": AgentType(agent_type), "template_name": f"{agent_type}-agent", **changes}
    return AgentConfig(**given)


def a_request(**changes: Any) -> CompletionRequest:
    return CompletionRequest(
        **{"config_name": "smart", "template_name": "assistant", "prompt": "Why is the sky blue?", **changes}
    )


@dataclass
class FakeCatalogue:
    """Rows in a dictionary. `looks` counts how often somebody looked."""

    configs: dict[str, LLMConfig] = field(default_factory=dict)
    templates: dict[str, PromptTemplate] = field(default_factory=dict)
    agents: dict[AgentType, AgentConfig] = field(default_factory=dict)
    looks: int = 0

    def put(self, *rows: LLMConfig | PromptTemplate | AgentConfig) -> "FakeCatalogue":
        for row in rows:
            if isinstance(row, LLMConfig):
                self.configs[row.name] = row
            elif isinstance(row, AgentConfig):
                self.agents[row.agent_type] = row
            else:
                self.templates[row.name] = row
        return self

    async def find(self, config_name: str, template_name: str) -> Choice:
        self.looks += 1
        return Choice(
            copy.copy(self.configs.get(config_name)),
            copy.copy(self.templates.get(template_name)),
        )

    async def config(self, name: str) -> LLMConfig | None:
        self.looks += 1
        return copy.copy(self.configs.get(name))

    async def crew(self, config_name: str, template_name: str | None) -> Crew:
        self.looks += 1
        return Crew(
            config_name=config_name,
            config=copy.copy(self.configs.get(config_name)),
            template_name=template_name,
            template=copy.copy(self.templates.get(template_name or "")),
            agents={agent_type: self._agent(agent_type) for agent_type in AgentType},
        )

    def _agent(self, agent_type: AgentType) -> Agent:
        row = copy.copy(self.agents.get(agent_type)) or AgentConfig.seeded(agent_type)
        config = copy.copy(self.configs.get(row.config_name or ""))
        return Agent(row, config, copy.copy(self.templates.get(row.template_name)))


@dataclass
class FakeModels:
    """Answers what it is told to, raises it, or (None) never answers; remembers what it was asked."""

    says: Answer | Exception | None = field(default_factory=lambda: Answer("Because of Rayleigh.", Tokens(10, 4)))
    asked: list[tuple[LLMConfig, tuple[Message, ...], Call]] = field(default_factory=list)

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:
        self.asked.append((config, tuple(messages), call))
        if self.says is None:
            await asyncio.Event().wait()
        if not isinstance(self.says, Answer):
            raise self.says or AssertionError("nobody ends the silence")
        return self.says


@dataclass
class Reliably:
    """Each call is tried once, and any answer is good enough."""

    models: FakeModels

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answered:
        return Answered(await self.models.answer(config, messages, call), config)


@dataclass
class ScriptedModels:
    """Says one thing after another for each config, and repeats the last. `asked` holds the configs' names."""

    scripts: dict[str, list[Answer | Exception]]
    asked: list[str] = field(default_factory=list)

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:  # noqa: ARG002 - the port's
        self.asked.append(config.name)
        script = self.scripts[config.name]
        said = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(said, Exception):
            raise said
        return said


@dataclass
class FakeListener:
    """Writes down what it hears."""

    nodes: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def node(self, name: str, milliseconds: float) -> None:
        assert milliseconds >= 0
        self.nodes.append(name)

    def token(self, text: str) -> None:
        self.tokens.append(text)


@dataclass
class FakeConfigs:
    """The configurations of one fake transaction: changes are kept when it is left cleanly."""

    rows: dict[str, LLMConfig]

    async def get(self, name: str) -> LLMConfig | None:
        return self.rows.get(name)


@dataclass
class FakeTransactions:
    """Keeps a version as the database does: a row that was changed counts one up."""

    rows: dict[str, LLMConfig] = field(default_factory=dict)
    opened_for: list[UUID | None] = field(default_factory=list)

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[FakeConfigs]:
        self.opened_for.append(tenant_id)
        work = {name: copy.copy(row) for name, row in self.rows.items()}
        yield FakeConfigs(work)
        for name, row in work.items():
            if vars(row) != vars(self.rows[name]):
                row.version += 1
                self.rows[name] = row


@dataclass
class FakeClock:
    """Seconds that pass when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
