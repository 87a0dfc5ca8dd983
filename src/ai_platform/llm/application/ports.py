"""What the model layer asks of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from ai_platform.kernel.once import Answers
from ai_platform.llm.application.crew import Crew
from ai_platform.llm.application.turn import Progress, Turn
from ai_platform.llm.domain.agent import AgentConfig, AgentType
from ai_platform.llm.domain.breaker import BreakerState
from ai_platform.llm.domain.calls import Answer, Call, Message
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import Outcome, Permit, Refused
from ai_platform.llm.domain.template import PromptTemplate

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a caller named: each None when no such row exists, and there but inactive when it is switched off."""

    config: LLMConfig | None
    template: PromptTemplate | None

    @property
    def is_usable(self) -> bool:
        config, template = self.config, self.template
        return config is not None and config.is_active and template is not None and template.is_active


class Catalogue(Protocol):
    async def find(self, config_name: str, template_name: str) -> Choice:
        """Both rows as one moment shows them. Raises Unavailable when the database is away."""

    async def config(self, name: str) -> LLMConfig | None:
        """The row alone, active or not. Raises Unavailable when the database is away."""

    async def crew(self, config_name: str, template_name: str | None) -> Crew:
        """All agents with their rows, and what the caller named. Raises Unavailable when the database is away."""


class ConfigNames(Protocol):
    async def active(self) -> Sequence[str]:
        """Of every config that is switched on, by name. Raises Unavailable when the database is away."""


class LLMConfigs(Protocol):
    """The configurations of one transaction."""

    async def get(self, name: str) -> LLMConfig | None:
        """The row, kept from others until the transaction is left; changes to it are saved with it."""


class ChatModels(Protocol):
    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:
        """One call to the config's model. Raises ModelCallFailed, which holds neither key nor prompt."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A usable answer, and the config that gave it: the one that was asked for or one of its fallbacks."""

    answer: Answer
    config: LLMConfig


class ReliableModels(Protocol):
    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answered:
        """An answer that passed the config's response rules, after retries and fallbacks.

        Raises ModelCallFailed when none could be had; `untried` says that no model was called at all.
        """


class Gate(Protocol):
    """What every call to a model passes first: one gate for all workers, by config."""

    async def enter(self, config: LLMConfig, tokens: int) -> Permit | Refused:
        """A permit that `leave` must give back, or the reason why not now. `tokens` is what the call may take.

        Never fails: without the others, each process goes on with what it knows.
        """

    def leave(self, permit: Permit, outcome: Outcome) -> None:
        """Waits for nobody. A permit that is never given back ends by itself some seconds after its worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSeen:
    """`retry_at` is when an open breaker lets the next call through."""

    name: str
    state: BreakerState
    failures: int
    opened_at: datetime | None
    retry_at: datetime | None


class Breakers(Protocol):
    """The breakers of all configs. `show` and `reset` raise Unavailable when what all workers share is away."""

    async def show(self, names: Sequence[str]) -> Sequence[BreakerSeen]: ...

    async def reset(self, name: str) -> None:
        """Close it, whatever it counted."""

    def seen(self, names: Sequence[str]) -> Sequence[BreakerSeen]:
        """As this process saw them last."""


class AgentGraph(Protocol):
    async def run(self, turn: Turn) -> Progress:
        """All steps of the multi-agent pipeline, to a reply. Raises ModelCallFailed."""


class EditedConfigs(LLMConfigs, Protocol):
    """Configurations that people make, change and remove."""

    async def add(self, config: LLMConfig) -> "Stamped[LLMConfig]": ...

    async def remove(self, config: LLMConfig) -> None: ...

    async def unknown(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the names that no configuration has."""

    async def users(self, name: str) -> tuple[str, ...]:
        """Who would miss it, each in a few words: `the main agent`, `the fallbacks of config 'x'`."""


class EditedTemplates(Protocol):
    async def get(self, name: str) -> PromptTemplate | None: ...

    async def add(self, template: PromptTemplate) -> "Stamped[PromptTemplate]": ...

    async def remove(self, template: PromptTemplate) -> None: ...

    async def users(self, name: str) -> tuple[str, ...]:
        """As of `EditedConfigs`."""


class EditedAgents(Protocol):
    async def get(self, agent_type: AgentType) -> AgentConfig | None: ...

    async def add(self, agent: AgentConfig) -> None: ...


class Editing(Protocol):
    """One change to the configuration. Changes are made one after another, so what was checked stays true."""

    @property
    def configs(self) -> EditedConfigs: ...

    @property
    def templates(self) -> EditedTemplates: ...

    @property
    def agents(self) -> EditedAgents: ...

    def answers(self, tenant_id: UUID) -> Answers: ...


@dataclass(frozen=True, slots=True)
class Stamped(Generic[RowT]):
    """A row as it is read, with the times that the database keeps."""

    row: RowT
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TemplateRevision:
    """What a template said once."""

    name: str
    revision: int
    content: str
    description: str
    created_at: datetime


class ConfigurationReads(Protocol):
    """Lists are in the order of names, and hold what comes after `after`."""

    async def config(self, name: str) -> Stamped[LLMConfig] | None: ...

    async def configs(self, *, after: str | None, limit: int) -> list[Stamped[LLMConfig]]: ...

    async def template(self, name: str) -> Stamped[PromptTemplate] | None: ...

    async def templates(self, *, after: str | None, limit: int) -> list[Stamped[PromptTemplate]]: ...

    async def agents(self) -> list[Stamped[AgentConfig]]: ...


class RevisionReads(Protocol):
    async def revisions(self, name: str, *, before: int | None, limit: int) -> list[TemplateRevision]:
        """Newest first; empty for an unknown template."""
