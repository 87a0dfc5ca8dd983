"""The providers that a config may name: ours, and those that LangChain's `init_chat_model` knows.

Kept as data, because the gateway checks names and never loads LangChain; a test compares the list with LangChain's.
"""

from typing import Final

from ai_platform.llm.domain.config import DEMO

KNOWN_PROVIDERS: Final = frozenset(
    {
        DEMO,
        "anthropic",
        "anthropic_bedrock",
        "azure_ai",
        "azure_openai",
        "baseten",
        "bedrock",
        "bedrock_converse",
        "bedrock_mantle_anthropic",
        "bedrock_mantle_openai",
        "cohere",
        "deepseek",
        "fireworks",
        "google_anthropic_vertex",
        "google_genai",
        "google_vertexai",
        "groq",
        "huggingface",
        "ibm",
        "langsmith",
        "litellm",
        "meta",
        "mistralai",
        "nvidia",
        "ollama",
        "openai",
        "openrouter",
        "perplexity",
        "together",
        "upstage",
        "xai",
    }
)
