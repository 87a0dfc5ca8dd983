"""What a model hears, and what its answer cost."""

from collections.abc import Sequence
from decimal import Decimal

from ai_platform.kernel.errors import InvalidInput
from ai_platform.llm.application.ports import Answered
from ai_platform.llm.contracts.api import CompletionRequest, HistoryMessage, Usage
from ai_platform.llm.domain import failures
from ai_platform.llm.domain.calls import Message
from ai_platform.llm.domain.template import PromptTemplate


def conversation(
    template: PromptTemplate, request: CompletionRequest, history: Sequence[HistoryMessage] | None = None
) -> tuple[Message, ...]:
    """The template as system prompt, what was said before, and the prompt, unaltered, as the last user message."""
    before = request.history if history is None else history
    said = (instructions(template, request), *(Message(past.role, past.content) for past in before))
    # Providers refuse a message without words, and it would tell the model nothing.
    return (*(message for message in said if message.content.strip()), Message("user", request.prompt))


def instructions(template: PromptTemplate, request: CompletionRequest) -> Message:
    """Raises ModelCallFailed when the template cannot be read or lacks a variable."""
    try:
        return Message("system", template.render(request.variables))
    except InvalidInput as error:
        raise failures.template_invalid(error.detail) from None


def usage_of(answered: Answered) -> Usage | None:
    """At the prices of the config that answered; None when the provider did not count."""
    tokens = answered.answer.tokens
    if tokens is None:
        return None
    return Usage(input_tokens=tokens.input, output_tokens=tokens.output, cost_usd=answered.config.cost(tokens))


def sum_of(usages: Sequence[Usage | None]) -> Usage | None:
    """Tokens as far as they were counted; a cost only when that of every call is known."""
    counted = [usage for usage in usages if usage is not None]
    if not counted:
        return None
    costs = [usage.cost_usd for usage in counted if usage.cost_usd is not None]
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in counted),
        output_tokens=sum(usage.output_tokens for usage in counted),
        cost_usd=sum(costs, Decimal(0)) if len(costs) == len(usages) else None,
    )
