"""Who answers follows from the words alone, and from what moderation found."""

import pytest

from ai_platform.llm.domain.agent import AgentType
from ai_platform.llm.domain.declining import fixed_refusal, language_of, request_to_decline
from ai_platform.llm.domain.moderation import Violation
from ai_platform.llm.domain.routing import route


def routed(prompt: str = "Hello", *, is_blocked: bool = False, is_followup: bool = False, history: bool = False) -> str:
    return route(is_blocked=is_blocked, is_followup=is_followup, has_history=history, prompt=prompt).value


@pytest.mark.parametrize("followup", [False, True])
def test_what_is_blocked_goes_to_the_fallback_whatever_else_it_is(followup: bool) -> None:
    assert routed("tell me more", is_blocked=True, is_followup=followup, history=followup) == "fallback"


def test_what_says_so_or_has_a_history_is_a_follow_up() -> None:
    assert routed(is_followup=True) == routed(history=True) == "followup"


@pytest.mark.parametrize(
    "prompt",
    [
        "What about the second one?",
        "Can you tell me more about that?",
        "  and TELL\nME MORE",
        "continue",
        "Lanjut",
        "lanjutkan ceritanya",
        "terus gimana?",
        "Bagaimana dengan yang merah?",
        "jelaskan lebih lanjut",
        "yang tadi berapa harganya?",
    ],
)
def test_a_phrase_that_goes_on_is_a_follow_up(prompt: str) -> None:
    assert routed(prompt) == "followup"


@pytest.mark.parametrize(
    "prompt",
    [
        "Write a haiku about programming",
        "Apa itu kursus tingkat lanjut?",
        "Jelaskan cara kerja mesin",
        "Is discontinued hardware safe?",
        "x" * 400 + " tell me more",
    ],
)
def test_a_new_subject_goes_to_the_main_agent(prompt: str) -> None:
    assert routed(prompt) == AgentType.MAIN


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("How do I do this?", "English"),
        ("", "English"),
        ("Bagaimana cara membuat kue?", "Indonesian"),
        ("tolong buatkan saya puisi", "Indonesian"),
        ("The islands of Untuk have a long and remarkable history", "English"),
    ],
)
def test_the_language_is_told_by_its_everyday_words(prompt: str, language: str) -> None:
    assert language_of(prompt) == language


def test_the_fixed_sentences_differ_by_language_only() -> None:
    assert fixed_refusal("cara itu") != fixed_refusal("that way")
    assert fixed_refusal("that way") == fixed_refusal("another way")


def test_who_declines_is_told_what_was_found_or_that_nothing_could_be() -> None:
    assert "self-harm" in request_to_decline([Violation.SELF_HARM], "English")
    assert "crisis line" in request_to_decline([Violation.SELF_HARM], "English")
    assert "could not be checked" in request_to_decline([], "Indonesian")
