"""One request on its way through the agents."""

from dataclasses import dataclass

from ai_platform.llm.application.crew import Crew
from ai_platform.llm.contracts.api import CompletionRequest, Usage
from ai_platform.llm.domain.agent import AgentType
from ai_platform.llm.domain.failures import ModelCallFailed
from ai_platform.llm.domain.moderation import Violation


@dataclass(frozen=True, slots=True)
class Turn:
    """What stays the same at every step. `deadline` is on the event loop's clock."""

    request: CompletionRequest
    crew: Crew
    deadline: float | None


@dataclass(frozen=True, slots=True)
class Reply:
    """The words that are the result, and whose they are."""

    text: str
    agent_type: AgentType
    config_name: str
    template_name: str
    template_revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the steps have found so far. `failure` is that of the agent that should have answered.

    `was_tried` says that a moderator was called who gave no answer.
    """

    is_blocked: bool = False
    violations: tuple[Violation, ...] = ()
    chosen: AgentType | None = None
    reply: Reply | None = None
    failure: ModelCallFailed | None = None
    spent: tuple[Usage | None, ...] = ()
    was_tried: bool = False
