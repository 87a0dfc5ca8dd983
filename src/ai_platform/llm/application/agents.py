"""The steps of the multi-agent pipeline, each a plain function of what was found so far.

moderation → router → main | followup | fallback; main or followup that fails → fallback.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ai_platform.llm.application.conversation import conversation, instructions, usage_of
from ai_platform.llm.application.ports import Answered, ReliableModels
from ai_platform.llm.application.turn import Progress, Reply, Turn
from ai_platform.llm.domain import moderation
from ai_platform.llm.domain.agent import AgentType, OnError
from ai_platform.llm.domain.calls import Call, Message, storable
from ai_platform.llm.domain.declining import fixed_refusal, language_of, request_to_decline
from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed
from ai_platform.llm.domain.retrying import reached_the_wire
from ai_platform.llm.domain.routing import route

ROUTER = "router"


@dataclass(frozen=True, slots=True)
class Agents:
    models: ReliableModels

    async def moderate(self, so_far: Progress, turn: Turn) -> Progress:
        """A message that could not be checked is blocked, unless the agent's row says otherwise.

        Raises ModelCallFailed when no model was called at all: then the message can wait. It does not wait for a
        breaker where unchecked messages may pass: that is a provider out of order, no moment's limit.
        """
        with _reported(AgentType.MODERATION, turn):
            try:
                answered = await self._ask_moderator(turn)
            except ModelCallFailed as failed:
                is_out_of_order = failed.failure is FailureCode.BREAKER_OPEN
                if failed.untried and (self._is_closed(turn) or not is_out_of_order):
                    raise
                return replace(so_far, is_blocked=self._is_closed(turn), was_tried=reached_the_wire(failed))
            so_far = replace(so_far, spent=(*so_far.spent, usage_of(answered)))
            try:
                verdict = moderation.verdict_in(answered.answer.text)
            except moderation.UnreadableVerdict:
                return replace(so_far, is_blocked=self._is_closed(turn))
            return replace(so_far, is_blocked=verdict.blocks, violations=verdict.violations)

    async def choose(self, so_far: Progress, turn: Turn) -> Progress:
        with _reported(ROUTER, turn):
            request = turn.request
            chosen = route(
                is_blocked=so_far.is_blocked,
                is_followup=request.is_followup,
                has_history=bool(request.history),
                prompt=request.prompt,
            )
            return replace(so_far, chosen=chosen)

    async def answer(self, agent_type: AgentType, so_far: Progress, turn: Turn) -> Progress:
        """A failure is kept for the fallback agent to mend."""
        with _reported(agent_type, turn):
            try:
                template = turn.crew.usable_template(agent_type)
                return await self._spoken(agent_type, conversation(template, turn.request), so_far, turn)
            except ModelCallFailed as failed:
                return replace(so_far, failure=failed)

    async def fall_back(self, so_far: Progress, turn: Turn) -> Progress:
        """Declines what may not be answered without having seen it; else answers in the failed agent's place.

        Raises the failed agent's ModelCallFailed when the fallback fails too.
        """
        with _reported(AgentType.FALLBACK, turn):
            try:
                return await self._spoken(AgentType.FALLBACK, self._for_fallback(so_far, turn), so_far, turn)
            except ModelCallFailed as failed:
                second = failed
            if so_far.is_blocked:
                return replace(so_far, reply=_declined(turn))
        raise _of_both(so_far, second)

    def _for_fallback(self, so_far: Progress, turn: Turn) -> tuple[Message, ...]:
        template = turn.crew.usable_template(AgentType.FALLBACK)
        if not so_far.is_blocked:
            return conversation(template, turn.request)
        told = request_to_decline(so_far.violations, language_of(turn.request.prompt))
        return (instructions(template, turn.request), Message("user", told))

    async def _ask_moderator(self, turn: Turn) -> Answered:
        config = turn.crew.usable_config(AgentType.MODERATION)
        template = turn.crew.usable_template(AgentType.MODERATION)
        retries = turn.crew.row(AgentType.MODERATION).max_retries
        call = Call(schema=moderation.SCHEMA, max_retries=retries, deadline=turn.deadline)
        return await self.models.answer(config, conversation(template, turn.request, history=()), call)

    async def _spoken(
        self, agent_type: AgentType, messages: tuple[Message, ...], so_far: Progress, turn: Turn
    ) -> Progress:
        crew, template = turn.crew, turn.crew.usable_template(agent_type)
        call = Call(
            stream=turn.request.stream,
            on_token=_ear(turn),
            max_retries=crew.row(agent_type).max_retries,
            deadline=turn.deadline,
        )
        answered = await self.models.answer(crew.usable_config(agent_type), messages, call)
        reply = Reply(
            storable(answered.answer.text), agent_type, answered.config.name, template.name, template.revision
        )
        return replace(so_far, reply=reply, spent=(*so_far.spent, usage_of(answered)))

    def _is_closed(self, turn: Turn) -> bool:
        return turn.crew.row(AgentType.MODERATION).on_error != OnError.ALLOW


def _declined(turn: Turn) -> Reply:
    """The sentence that needs no model."""
    name, template = turn.crew.template_named(AgentType.FALLBACK)
    config_name, _ = turn.crew.config_named(AgentType.FALLBACK)
    sentence = fixed_refusal(turn.request.prompt)
    ear = _ear(turn)
    if ear is not None:
        ear(sentence)
    return Reply(sentence, AgentType.FALLBACK, config_name, name, template.revision if template else 0)


def _of_both(so_far: Progress, second: ModelCallFailed) -> ModelCallFailed:
    """The first failure; nothing was spent only if neither agent, nor moderation, called a model."""
    first = so_far.failure or second
    return ModelCallFailed(
        FailureCode(first.failure),
        first.detail,
        retry_after=first.retry_after,
        untried=first.untried and second.untried and not (so_far.spent or so_far.was_tried),
    )


def _ear(turn: Turn) -> Callable[[str], None] | None:
    listener = turn.request.listener
    return listener.token if listener is not None and turn.request.stream else None


@contextmanager
def _reported(name: str, turn: Turn) -> Iterator[None]:
    """Tells the listener how long the step took, once it is done."""
    began = time.perf_counter()
    yield
    if turn.request.listener is not None:
        turn.request.listener.node(str(name), (time.perf_counter() - began) * 1000)
