"""What the model layer asks of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ai_platform.llm.domain.breaker import BreakerState
from ai_platform.llm.domain.calls import Answer, Call, Message
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import Outcome, Permit, Refused
from ai_platform.llm.domain.template import PromptTemplate


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
