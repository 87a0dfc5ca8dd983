"""What an answer is worth by its config's rules, without false alarms."""

from collections.abc import Mapping

import pytest

from ai_platform.llm.domain.calls import Answer, Call, Ending
from ai_platform.llm.domain.failures import FailureCode
from ai_platform.llm.domain.usable import is_error, is_refusal, objection
from ai_platform.llm.domain.validation import ResponseRules
from tests.unit.llm.fakes import a_config


def the_code(
    answer: Answer, rules: Mapping[str, object] | None = None, *, call: Call | None = None
) -> FailureCode | None:
    config = a_config(validation=ResponseRules.read(rules or {}))
    objected = objection(answer, config, call or Call())
    return objected[1].failure if objected else None


@pytest.mark.parametrize(
    "text",
    [
        "Error: something went wrong",
        "Internal server error",
        "502 Bad Gateway",
        "HTTP 503 Service Unavailable",
        "Error 500: Internal",
        "Service unavailable. Please try again later.",
        "An error occurred while processing your request.",
        "Too many requests: slow down.",
        "Rate limit exceeded",
        "Terjadi kesalahan pada server.",
        "Traceback (most recent call last):\n  File 'x'\nValueError",
        '{"error": {"message": "overloaded"}}',
        '{"error": "no such model", "status": 404}',
    ],
)
def test_a_text_that_is_nothing_but_an_error_is_one(text: str) -> None:
    assert is_error(text)


@pytest.mark.parametrize(
    "text",
    [
        "Error handling in Go is explicit.",
        "404 Not Found means that the page does not exist.",
        "A bad gateway is an error between two servers.",
        "An error occurred in 1912 when the lookout had no binoculars.",
        "Internal server error is the name of status 500.",
        "Errors are values.",
        "To err is human.\nError: this is what the compiler would say.",
        "Error: the first word of a long story. It goes on. And on. And it never ends.",
        '{"error": null, "result": 4}',
        '{"errors": []}',
        "{not json at all",
        "{" * 5000,
        "Kesalahan umum dalam memasak nasi adalah terlalu banyak air.",
    ],
)
def test_prose_about_errors_is_an_answer(text: str) -> None:
    assert not is_error(text)


@pytest.mark.parametrize(
    "text",
    [
        "I can't help with that.",
        "I\u2019m sorry, but I can\u2019t assist with that request.",
        "I'm unable to provide that.",
        "Unfortunately, I cannot fulfill this request.",
        "As an AI language model, I cannot provide medical advice.",
        "Maaf, saya tidak bisa membantu dengan permintaan itu.",
        "Mohon maaf, kami tidak dapat memenuhi permintaan ini.",
        "Sebagai AI, saya tidak dapat menjawab pertanyaan itu.",
    ],
)
def test_a_stock_sentence_at_the_beginning_is_a_refusal(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "I can help with that.",
        "I cannot recommend this film highly enough.",
        "Sorry, the shop is closed on Mondays.",
        'He wrote: "I cannot help you."',
        "Saya tidak bisa tidur semalam.",
        "Maaf, stok kopi habis.",
    ],
)
def test_an_answer_that_sounds_like_one_is_none(text: str) -> None:
    assert not is_refusal(text)


def test_by_default_emptiness_and_errors_are_objected_to_and_nothing_else() -> None:
    assert the_code(Answer(" \n", None)) is FailureCode.EMPTY_RESPONSE
    assert the_code(Answer("Error: no.", None)) is FailureCode.ERROR_INDICATED
    assert the_code(Answer("4", None)) is None
    assert the_code(Answer("I can't help with that.", None)) is None
    assert the_code(Answer("Once upon a", None, Ending.TRUNCATED)) is None


@pytest.mark.parametrize(
    ("answer", "rules", "code"),
    [
        (Answer("  4 ", None), {"min_length": 2, "on_too_short": "retry"}, FailureCode.RESPONSE_TOO_SHORT),
        (Answer("No.", None, Ending.REFUSED), {"on_refusal": "fallback"}, FailureCode.RESPONSE_REFUSED),
        (Answer("I can't help with that.", None), {"on_refusal": "retry"}, FailureCode.RESPONSE_REFUSED),
        (Answer("", None, Ending.REFUSED), {"on_refusal": "retry"}, FailureCode.RESPONSE_REFUSED),
        (Answer("Once", None, Ending.TRUNCATED), {"on_truncated": "retry"}, FailureCode.RESPONSE_TRUNCATED),
        (Answer("Error: no.", None), {"on_error_indicator": "accept"}, None),
    ],
)
def test_each_rule_does_as_its_config_says(answer: Answer, rules: dict[str, object], code: FailureCode | None) -> None:
    assert the_code(answer, rules) is code


def test_an_object_that_was_asked_for_may_speak_of_an_error() -> None:
    assert the_code(Answer('{"error": "too long"}', None), call=Call(schema={"type": "object"})) is None


def test_a_model_that_thought_up_its_tokens_says_so() -> None:
    objected = objection(Answer("", None, Ending.TRUNCATED), a_config(), Call())

    assert objected is not None
    assert "max_tokens (4096)" in objected[1].detail
