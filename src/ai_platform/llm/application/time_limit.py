"""A call that takes longer than its config allows has failed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ai_platform.llm.application.ports import ChatModels
from ai_platform.llm.domain.calls import Answer, Call, Message
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.failures import timed_out


@dataclass(frozen=True, slots=True)
class TimeLimitedModels:
    """`default_timeout` is in seconds and serves configs that name none."""

    models: ChatModels
    default_timeout: float

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:
        try:
            async with asyncio.timeout(config.timeout_seconds or self.default_timeout):
                return await self.models.answer(config, messages, call)
        except TimeoutError:
            raise timed_out(config) from None
