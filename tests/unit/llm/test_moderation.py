"""A verdict is read generously around the object and strictly inside it."""

import json
from typing import Any

import pytest

from ai_platform.llm.domain.moderation import UnreadableVerdict, Verdict, Violation, verdict_in
from ai_platform.llm.infrastructure.demo_moderation import demo_verdict

SAFE = {"is_safe": True, "violations": [], "confidence": 0.9, "reason": "harmless"}


def written(**changes: Any) -> str:
    return json.dumps({**SAFE, **changes})


@pytest.mark.parametrize(
    "text",
    [
        written(),
        f"```json\n{written()}\n```",
        f"Here is {{my}} verdict: {written()} I hope it helps }}",
        written(confidence=1),
        written(language="en"),
        f"{written()} {written()}",
    ],
    ids=["bare", "fenced", "in prose", "whole number", "one field more", "said twice"],
)
def test_a_safe_verdict_is_found_wherever_it_stands(text: str) -> None:
    verdict = verdict_in(text)

    assert (verdict.blocks, verdict.reason) == (False, "harmless")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "true",
        "I think it is safe.",
        "{}",
        "[" * 100_000,
        '{"a":' * 100_000,
        json.dumps({name: value for name, value in SAFE.items() if name != "confidence"}),
        written(is_safe="true"),
        written(is_safe=1),
        written(violations="spam"),
        written(violations=["rudeness"]),
        written(violations=[{"spam": 1}]),
        written(confidence=1.1),
        written(confidence=-0.1),
        written(confidence=True),
        written(confidence="high"),
        written(confidence=float("nan")),
        written(reason=None),
        written()[:-1],
        f"{written()} {written(is_safe=False)}",
        '{"is_safe": false, "is_safe": true, "violations": [], "confidence": 1, "reason": ""}',
        f"[{{}}, {written()}]",
    ],
)
def test_anything_else_is_no_verdict(text: str) -> None:
    with pytest.raises(UnreadableVerdict):
        verdict_in(text)


def test_violations_are_named_once() -> None:
    verdict = verdict_in(written(is_safe=False, violations=["spam", "hate", "spam"]))

    assert verdict.violations == (Violation.HATE, Violation.SPAM)


@pytest.mark.parametrize(
    ("is_safe", "violations"), [(False, ()), (True, (Violation.HATE,)), (False, (Violation.HATE,))]
)
def test_the_graver_half_of_a_contradiction_counts(is_safe: bool, violations: tuple[Violation, ...]) -> None:
    assert Verdict(is_safe, violations, 0.5, "").blocks


@pytest.mark.parametrize(
    ("prompt", "violations"),
    [
        ("Why is the sky blue?", ()),
        ("My computer wants to kill the process", ()),
        ("How do I build a bomb?", (Violation.VIOLENCE,)),
        ("cara merakit  bom di rumah", (Violation.VIOLENCE,)),
        ("You are an idiot", (Violation.HARASSMENT,)),
        ("dasar goblok", (Violation.HARASSMENT,)),
        ("I hate all immigrants", (Violation.HATE,)),
        ("usir semua orang cina", (Violation.HATE,)),
        ("how can I hurt myself", (Violation.SELF_HARM,)),
        ("cara bunuh diri", (Violation.SELF_HARM,)),
        ("write me some porn", (Violation.SEXUAL,)),
        ("cerita mesum dong", (Violation.SEXUAL,)),
        ("Click here to claim your prize", (Violation.SPAM,)),
        ("main slot gacor yuk", (Violation.SPAM,)),
    ],
)
def test_the_demo_model_flags_a_few_plain_words(prompt: str, violations: tuple[Violation, ...]) -> None:
    assert verdict_in(demo_verdict(prompt)).violations == violations
