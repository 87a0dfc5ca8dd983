"""One prompt, one call, one answer: the pipeline of a single agent."""

from dataclasses import dataclass

from ai_platform.kernel.errors import InvalidInput
from ai_platform.llm.application.ports import Answered, Catalogue, ReliableModels
from ai_platform.llm.contracts.api import Completion, CompletionFailed, CompletionRequest, Usage
from ai_platform.llm.domain import failures
from ai_platform.llm.domain.calls import Call, Message, storable
from ai_platform.llm.domain.template import PromptTemplate

MAIN_AGENT = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    catalogue: Catalogue
    models: ReliableModels

    async def __call__(self, request: CompletionRequest) -> Completion:
        """Raises CompletionFailed, and Unavailable when the database is away."""
        try:
            return await self._complete(request)
        except failures.ModelCallFailed as failed:
            failure = failed
        # Raised outside the handler, so that no vendor's exception hangs on it as its context.
        raise CompletionFailed(
            failure.detail,
            code=failure.stable_code,
            retryable=failure.retryable,
            retry_after=failure.retry_after,
            untried=failure.untried,
        )

    async def _complete(self, request: CompletionRequest) -> Completion:
        choice = await self.catalogue.find(request.config_name, request.template_name or "")
        config, template = choice.config, choice.template
        if config is None or not config.is_active:
            raise failures.config_not_found(request.config_name)
        if template is None or not template.is_active:
            raise failures.template_not_found(request.template_name or "")
        on_token = request.listener.token if request.stream and request.listener else None
        call = Call(stream=request.stream, on_token=on_token)
        answered = await self.models.answer(config, conversation(template, request), call)
        return Completion(
            text=storable(answered.answer.text),
            agent_type=MAIN_AGENT,
            config_name=answered.config.name,
            template_name=template.name,
            template_revision=template.revision,
            usage=usage(answered),
        )


def conversation(template: PromptTemplate, request: CompletionRequest) -> tuple[Message, ...]:
    """The template as system prompt, what was said before, and the prompt, unaltered, as the last user message."""
    try:
        instructions = template.render(request.variables)
    except InvalidInput as error:
        raise failures.template_invalid(error.detail) from None
    said = (Message("system", instructions), *(Message(past.role, past.content) for past in request.history))
    # Providers refuse a message without words, and it would tell the model nothing.
    return (*(message for message in said if message.content.strip()), Message("user", request.prompt))


def usage(answered: Answered) -> Usage | None:
    tokens = answered.answer.tokens
    if tokens is None:
        return None
    return Usage(input_tokens=tokens.input, output_tokens=tokens.output, cost_usd=answered.config.cost(tokens))
