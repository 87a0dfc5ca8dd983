"""One call through a LangChain chat model: our messages in, an answer or a classified failure out."""

from collections.abc import Sequence
from typing import Final

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.runnables import Runnable

from ai_platform.llm.domain.calls import Answer, Call, Ending, Message, Tokens
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.failures import malformed, stream_cut
from ai_platform.llm.infrastructure.vendor_errors import failure_from

_MESSAGES: Final = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
_ENDINGS: Final = {
    "length": Ending.TRUNCATED,
    "max_tokens": Ending.TRUNCATED,
    "model_context_window_exceeded": Ending.TRUNCATED,
    "content_filter": Ending.REFUSED,
    "refusal": Ending.REFUSED,
}
_SAYS_WHY_IT_ENDS: Final = frozenset({"openai", "anthropic"})


async def ask(model: BaseChatModel, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:
    """Raises ModelCallFailed and nothing else; no vendor's exception stays attached to it."""
    said: list[BaseMessage] = [_MESSAGES[message.role](message.content) for message in messages]
    gathered = Gathered()
    asked = _bound(model, config, call)
    try:
        if call.on_token is not None:
            call.on_token("")
        if call.is_streamed:
            async for chunk in asked.astream(said):
                gathered.add(chunk)
                if call.on_token is not None and chunk.text:
                    call.on_token(chunk.text)
        else:
            gathered.add(await asked.ainvoke(said))
        return gathered.answer(config, streamed=call.is_streamed)
    except Exception as error:  # noqa: BLE001 - whatever a vendor raises is given its class
        failure = failure_from(error, config, broke_off=call.is_streamed and gathered.began)
    raise failure


def _bound(model: BaseChatModel, config: LLMConfig, call: Call) -> Runnable[LanguageModelInput, AIMessage]:
    """OpenAI is held to the schema; with every other provider the prompt alone asks for JSON."""
    if call.schema is None or config.provider != "openai":
        return model
    schema = {"name": call.schema.get("title", "answer"), "schema": dict(call.schema), "strict": True}
    return model.bind(response_format={"type": "json_schema", "json_schema": schema})


class Gathered:
    """An answer in the making. Chunks are not merged one by one: that costs more than the call itself."""

    def __init__(self) -> None:
        self.began = False
        self._pieces: list[str] = []
        self._usage: UsageMetadata | None = None
        self._input_at_start = 0
        self._finish = ""
        self._refusal = ""

    def add(self, message: BaseMessage) -> None:
        self.began = True
        self._pieces.append(message.text)
        if isinstance(message, AIMessage) and message.usage_metadata is not None:
            self._usage = add_usage(self._usage, message.usage_metadata)
        about = message.response_metadata
        self._input_at_start = about.get("input_tokens_at_start") or self._input_at_start
        self._finish = about.get("finish_reason") or about.get("stop_reason") or self._finish
        self._refusal = message.additional_kwargs.get("refusal") or self._refusal

    def answer(self, config: LLMConfig, *, streamed: bool) -> Answer:
        """Raises ModelCallFailed when the provider always says why it ends, and did not."""
        if not self._finish and config.provider in _SAYS_WHY_IT_ENDS:
            raise stream_cut(config) if streamed else malformed(config, "it states no reason to stop")
        usage = self._usage
        return Answer(
            "".join(self._pieces) or self._refusal,
            Tokens(usage["input_tokens"] or self._input_at_start, usage["output_tokens"]) if usage else None,
            Ending.REFUSED if self._refusal else _ENDINGS.get(self._finish, Ending.COMPLETE),
        )
