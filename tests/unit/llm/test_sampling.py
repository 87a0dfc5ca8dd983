"""A temperature is sent to models that take one, and to no other."""

import pytest

from ai_platform.llm.infrastructure.sampling import accepts_temperature


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"),
        ("openai", "gpt-4.1-mini"),
        ("openai", "ft:gpt-4.1-mini:shop::id"),
        ("openai", "gpt-5-chat-latest"),
        ("openai", "llama-4"),
        ("anthropic", "claude-3-5-haiku-20241022"),
        ("anthropic", "claude-opus-4-6"),
        ("anthropic", "claude-opus-4-20250514"),
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("anthropic", "claude-haiku-4-5"),
        ("anthropic", "MiniMax-M3"),
        ("mistralai", "mistral-large"),
    ],
)
def test_these_models_take_a_temperature(provider: str, model: str) -> None:
    assert accepts_temperature(provider, model)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "o1"),
        ("openai", "o4-mini"),
        ("openai", "gpt-5"),
        ("openai", "gpt-5.6-luna"),
        ("openai", "gpt-6-sol"),
        ("openai", "gpt-10"),
        ("openai", "openai/gpt-6-sol"),
        ("openai", "anthropic/claude-opus-5"),
        ("anthropic", "claude-opus-4-7"),
        ("anthropic", "claude-opus-4-10"),
        ("anthropic", "claude-opus-5-5"),
        ("anthropic", "claude-sonnet-5"),
        ("anthropic", "claude-haiku-5-5"),
        ("anthropic", "claude-fable-5"),
        ("anthropic", "claude-of-tomorrow"),
    ],
)
def test_these_models_refuse_it(provider: str, model: str) -> None:
    assert not accepts_temperature(provider, model)
