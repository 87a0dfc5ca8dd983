"""A provider's words are shown without keys, long quotations and length."""

import pytest

from ai_platform.llm.domain.redaction import LONGEST, presentable


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-abc123DEF456",
        "sk-ant-api03-xyz",
        "sk-wrong*********5678",
        "Bearer abc.def",
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_no_key_is_shown(key: str) -> None:
    shown = presentable(f"Incorrect API key provided: {key}. Look at your account.")

    assert key not in shown
    assert "[key]" in shown


def test_a_quoted_prompt_is_not_shown() -> None:
    assert (
        presentable("Invalid content: 'I owe the bank 300 million and nobody may know it'.") == "Invalid content: […]."
    )


def test_a_short_quotation_stays() -> None:
    words = "Unsupported value: 'temperature' does not support 0.7 with this model."

    assert presentable(words) == words


def test_a_long_message_is_cut_to_one_line() -> None:
    shown = presentable("too many words\n" * 100)

    assert len(shown) == LONGEST
    assert "\n" not in shown
