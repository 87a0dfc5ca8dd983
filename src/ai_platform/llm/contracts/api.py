"""The model layer as its callers see it: check names before accepting work, then complete a prompt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Literal, Protocol

from ai_platform.kernel.errors import PlatformError


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """One earlier message of the conversation that a prompt continues."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """One prompt under one configuration and template. The prompt is sent unaltered as the last user message."""

    config_name: str
    template_name: str
    prompt: str
    variables: Mapping[str, str] = field(default_factory=dict)
    history: tuple[HistoryMessage, ...] = ()
    stream: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the provider counted them; the cost is None while the configuration names no price."""

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """An answer, which agent gave it, and the template revision it was given under."""

    text: str
    agent_type: str
    template_revision: int
    usage: Usage | None


class CompletionFailed(PlatformError):
    """A call that gave no usable answer. `retryable` says whether the same call may work later.

    `retry_after` is the provider's own wish in seconds, when it stated one.
    """

    code: ClassVar[str] = "llm_failed"

    def __init__(self, detail: str, *, code: str, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(detail, code=code)
        self.retryable = retryable
        self.retry_after = retry_after


class LlmApi(Protocol):
    async def require_usable(self, *, config_name: str, template_name: str, variables: Mapping[str, str]) -> None:
        """Raises InvalidInput with one violation a field: unknown or inactive name, missing variable.

        Raises Unavailable when the database is away.
        """

    async def complete(self, request: CompletionRequest) -> Completion:
        """Raises CompletionFailed; its code and `retryable` are the whole classification.

        Raises Unavailable when the database is away, before any call to a model.
        """
