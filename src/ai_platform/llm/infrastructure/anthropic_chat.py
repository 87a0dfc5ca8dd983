"""Anthropic's Messages API."""

from functools import cached_property
from typing import Any, Final

import anthropic
import httpx2
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from pydantic import PrivateAttr, SecretStr

from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.infrastructure.access import Access

INPUT_TOKENS_AT_START: Final = "input_tokens_at_start"


class PooledChatAnthropic(ChatAnthropic):
    """LangChain's model with two things it lacks: our own connections (its client keeps only 100 alive), and the
    prompt's tokens of a stream whose last event does not repeat them, in the metadata of the first chunk.
    """

    _calls: httpx2.AsyncClient = PrivateAttr()

    @cached_property
    def _async_client(self) -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(**self._client_params, http_client=self._calls)

    def _make_message_chunk_from_anthropic_event(self, event: Any, **rest: Any) -> tuple[Any, Any]:
        chunk, block = super()._make_message_chunk_from_anthropic_event(event, **rest)
        if event.type == "message_start" and chunk is not None:
            usage = event.message.usage
            cached = (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
            chunk.response_metadata[INPUT_TOKENS_AT_START] = usage.input_tokens + cached
        return chunk, block


def chat_model(config: LLMConfig, access: Access) -> BaseChatModel:
    model = PooledChatAnthropic(
        model=config.model_name,
        api_key=access.api_key or SecretStr(""),
        base_url=access.base_url or "https://api.anthropic.com",
        temperature=access.temperature,
        max_tokens=config.max_tokens,
        timeout=access.timeout,
        max_retries=0,
        stop=None,
    )
    model._calls = access.wire.calls
    return model
