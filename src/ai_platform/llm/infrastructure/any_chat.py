"""Every other provider that LangChain knows, when its package is installed."""

from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel

from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.infrastructure.access import Access


def chat_model(config: LLMConfig, access: Access) -> BaseChatModel:
    """Raises ImportError when the package is missing, ValueError when LangChain knows no such provider."""
    stated: dict[str, Any] = {
        "api_key": access.api_key,
        "base_url": access.base_url,
        "temperature": access.temperature,
    }
    model: BaseChatModel = init_chat_model(
        config.model_name,
        model_provider=config.provider,
        max_tokens=config.max_tokens,
        timeout=access.timeout,
        max_retries=0,
        **{name: value for name, value in stated.items() if value is not None},
    )
    return model
