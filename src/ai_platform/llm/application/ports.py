"""What the model layer asks of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ai_platform.llm.application.crew import Crew
from ai_platform.llm.application.turn import Progress, Turn
from ai_platform.llm.domain.calls import Answer, Call, Message
from ai_platform.llm.domain.config import LLMConfig
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

    async def crew(self, config_name: str, template_name: str | None) -> Crew:
        """All agents with their rows, and what the caller named. Raises Unavailable when the database is away."""


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


class AgentGraph(Protocol):
    async def run(self, turn: Turn) -> Progress:
        """All steps of the multi-agent pipeline, to a reply. Raises ModelCallFailed."""
