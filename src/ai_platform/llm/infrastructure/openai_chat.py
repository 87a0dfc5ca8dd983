"""OpenAI and everything that speaks its Chat Completions API."""

from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI

from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.infrastructure.access import Access


def chat_model(config: LLMConfig, access: Access) -> BaseChatModel:
    return ChatOpenAI(
        model=config.model_name,
        api_key=access.api_key,
        base_url=access.base_url or "https://api.openai.com/v1",
        temperature=access.temperature,
        max_completion_tokens=config.max_tokens,
        timeout=access.timeout,
        max_retries=0,
        use_responses_api=False,
        stream_usage=True,
        # The whole call has a time limit already; a second clock would cut short a model that thinks in silence.
        stream_chunk_timeout=None,
        # Stated, or OPENAI_PROXY would be read, which forbids a client of one's own. HTTPS_PROXY serves every provider.
        openai_proxy=None,
        http_client=access.wire.blocking,
        http_async_client=access.wire.calls,
    )
