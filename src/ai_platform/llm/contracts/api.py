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


class Listener(Protocol):
    """Hears of a completion while it is under way. Neither method waits or raises."""

    def node(self, name: str, milliseconds: float) -> None:
        """One step of the pipeline is done, e.g. `moderation`."""

    def token(self, text: str) -> None:
        """A piece of the answer, when `stream` was asked for.

        An empty piece begins the answer: it comes before each call, so a retry or a fallback begins it anew.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """One prompt under one configuration. The prompt is sent unaltered as the last user message.

    `template_name` None leaves the template to the pipeline: the main agent's own in `multi_agent`.
    `timeout_seconds` is what the caller will wait for: nothing is tried beyond it.
    """

    config_name: str
    template_name: str | None
    prompt: str
    pipeline: Literal["single", "multi_agent"] = "single"
    variables: Mapping[str, str] = field(default_factory=dict)
    history: tuple[HistoryMessage, ...] = ()
    is_followup: bool = False
    needs_moderation: bool = True
    stream: bool = False
    timeout_seconds: float | None = None
    listener: Listener | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the provider counted them; the cost is None while the configuration names no price."""

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """An answer, which agent gave it, and under which config, template and revision.

    `config_name` is the config that answered: the request's, its agent's or a fallback. `usage` sums all calls.
    """

    text: str
    agent_type: str
    config_name: str
    template_name: str
    template_revision: int
    usage: Usage | None


class CompletionFailed(PlatformError):
    """A call that gave no usable answer. `retryable` says whether the same call may work later.

    `retry_after` is the earliest time for another, in seconds from now, when one is known. `untried` says that no
    model was called at all, because a breaker is open or a limit is reached: nothing was spent.
    """

    code: ClassVar[str] = "llm_failed"

    def __init__(
        self, detail: str, *, code: str, retryable: bool, retry_after: float | None = None, untried: bool = False
    ) -> None:
        super().__init__(detail, code=code)
        self.retryable = retryable
        self.retry_after = retry_after
        self.untried = untried


class LlmApi(Protocol):
    async def require_usable(
        self,
        *,
        config_name: str,
        template_name: str | None,
        variables: Mapping[str, str],
        pipeline: Literal["single", "multi_agent"] = "single",
    ) -> None:
        """`template_name` None is allowed in `multi_agent` only.

        Raises InvalidInput with one violation a field: unknown or inactive name, missing variable.
        Raises Unavailable when the database is away.
        """

    async def complete(self, request: CompletionRequest) -> Completion:
        """Raises CompletionFailed; its code and `retryable` are the whole classification.

        Raises Unavailable when the database is away, before any call to a model.
        """
