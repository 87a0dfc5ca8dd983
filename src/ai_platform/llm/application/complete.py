"""A prompt becomes an answer: by one call, or by the agents of the multi-agent pipeline."""

import asyncio
from dataclasses import dataclass

from ai_platform.llm.application.conversation import conversation, sum_of, usage_of
from ai_platform.llm.application.ports import AgentGraph, Catalogue, ReliableModels
from ai_platform.llm.application.turn import Turn
from ai_platform.llm.contracts.api import Completion, CompletionFailed, CompletionRequest
from ai_platform.llm.domain import failures
from ai_platform.llm.domain.agent import AgentType
from ai_platform.llm.domain.calls import Call, storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    catalogue: Catalogue
    models: ReliableModels
    agents: AgentGraph

    async def __call__(self, request: CompletionRequest) -> Completion:
        """Raises CompletionFailed, and Unavailable when the database is away."""
        try:
            if request.pipeline == "multi_agent":
                return await self._by_agents(request)
            return await self._alone(request)
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

    async def _alone(self, request: CompletionRequest) -> Completion:
        """One prompt, one call: no graph."""
        deadline = deadline_of(request)
        choice = await self.catalogue.find(request.config_name, request.template_name or "")
        config, template = choice.config, choice.template
        if config is None or not config.is_active:
            raise failures.config_not_found(request.config_name)
        if template is None or not template.is_active:
            raise failures.template_not_found(request.template_name or "")
        listener = request.listener if request.stream else None
        call = Call(stream=request.stream, on_token=listener.token if listener else None, deadline=deadline)
        answered = await self.models.answer(config, conversation(template, request), call)
        return Completion(
            text=storable(answered.answer.text),
            agent_type=AgentType.MAIN.value,
            config_name=answered.config.name,
            template_name=template.name,
            template_revision=template.revision,
            usage=usage_of(answered),
        )

    async def _by_agents(self, request: CompletionRequest) -> Completion:
        deadline = deadline_of(request)
        crew = await self.catalogue.crew(request.config_name, request.template_name)
        end = await self.agents.run(Turn(request, crew, deadline))
        reply = end.reply
        assert reply is not None  # noqa: S101 - each way through the pipeline ends with one or raises
        return Completion(
            text=reply.text,
            agent_type=reply.agent_type.value,
            config_name=reply.config_name,
            template_name=reply.template_name,
            template_revision=reply.template_revision,
            usage=sum_of(end.spent),
        )


def deadline_of(request: CompletionRequest) -> float | None:
    if request.timeout_seconds is None:
        return None
    return asyncio.get_running_loop().time() + request.timeout_seconds
