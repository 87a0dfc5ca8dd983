"""Which implementation serves which provider, and how its calls are measured."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ai_platform.llm.application.ports import ChatModels
from ai_platform.llm.domain.calls import Answer, Call, Message
from ai_platform.llm.domain.config import DEMO, LLMConfig
from ai_platform.llm.domain.failures import ModelCallFailed
from ai_platform.llm.infrastructure.call_spans import CallSpans
from ai_platform.llm.infrastructure.langchain_provider import LangChainModels
from ai_platform.runtime.spans import Kind
from ai_platform.runtime.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Providers:
    """The demo model is ours; every other provider is reached through LangChain."""

    demo: ChatModels
    others: ChatModels

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:
        models = self.demo if config.provider == DEMO else self.others
        return await models.answer(config, messages, call)


@dataclass(frozen=True, slots=True)
class PreparedModels:
    """The seconds in which a vendor's package is loaded are not the provider's: its time begins with the call."""

    models: ChatModels
    vendors: LangChainModels

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:
        if config.provider != DEMO:
            await self.vendors.prepare(config)
        return await self.models.answer(config, messages, call)


@dataclass(frozen=True, slots=True)
class MeasuredModels:
    """Records how long each call took, how it ended (`ok`, a failure's code, `cancelled`) and its tokens."""

    models: ChatModels
    metrics: Metrics
    spans: CallSpans = field(default_factory=CallSpans)

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:
        told = self.spans
        asked = told.asked(config, messages)
        with told.spans.within(f"chat {config.model_name}", kind=Kind.CLIENT, attributes=asked) as span:
            answer = await self._measured(config, messages, call)
            span.tell(told.answered(answer))
            return answer

    async def _measured(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:
        began = time.perf_counter()
        outcome = "cancelled"
        try:
            answer = await self.models.answer(config, messages, call)
            outcome = "ok"
        except ModelCallFailed as failed:
            outcome = failed.stable_code
            raise
        finally:
            self.metrics.llm_call_duration.labels(config.name, outcome).observe(time.perf_counter() - began)
        if answer.tokens is not None:
            self.metrics.llm_tokens.labels(config.name, "input").inc(answer.tokens.input)
            self.metrics.llm_tokens.labels(config.name, "output").inc(answer.tokens.output)
        return answer
