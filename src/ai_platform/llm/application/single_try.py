"""One call, no second one: an answer without words is a failure."""

from collections.abc import Sequence
from dataclasses import dataclass

from ai_platform.llm.application.ports import Answered, ChatModels
from ai_platform.llm.domain import failures
from ai_platform.llm.domain.calls import Call, Ending, Message
from ai_platform.llm.domain.config import LLMConfig


@dataclass(frozen=True, slots=True)
class SingleTry:
    """Implements `ports.ReliableModels`."""

    models: ChatModels

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answered:
        answer = await self.models.answer(config, messages, call)
        if answer.is_blank and answer.ending is Ending.REFUSED:
            raise failures.refused(config)
        if answer.is_blank:
            raise failures.empty(config, truncated=answer.ending is Ending.TRUNCATED)
        return Answered(answer, config)
