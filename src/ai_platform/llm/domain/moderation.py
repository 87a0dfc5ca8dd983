"""The verdict on a message: what a moderator must answer, and how its answer is read.

Words around the object and code fences are forgiven, for models add them; a field that is missing, of another type
or out of its range makes the verdict unreadable, and so do two verdicts that differ.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MAX_REASON: Final = 1000


class Violation(StrEnum):
    HARASSMENT = "harassment"
    HATE = "hate"
    SELF_HARM = "self_harm"
    SEXUAL = "sexual"
    VIOLENCE = "violence"
    SPAM = "spam"


SCHEMA: Final[Mapping[str, Any]] = {
    "title": "moderation_verdict",
    "type": "object",
    "properties": {
        "is_safe": {"type": "boolean"},
        "violations": {"type": "array", "items": {"type": "string", "enum": [one.value for one in Violation]}},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "reason": {"type": "string"},
    },
    "required": ["is_safe", "violations", "confidence", "reason"],
    "additionalProperties": False,
}


class UnreadableVerdict(Exception):
    """The moderator's answer is no verdict. Holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`confidence` is 0 to 1. A verdict that contradicts itself counts as the graver of its two halves."""

    is_safe: bool
    violations: tuple[Violation, ...]
    confidence: float
    reason: str

    @property
    def blocks(self) -> bool:
        return not self.is_safe or bool(self.violations)


def verdict_in(text: str) -> Verdict:
    """Raises UnreadableVerdict."""
    verdicts = set(map(_verdict, _objects(text)))
    if len(verdicts) != 1:
        raise UnreadableVerdict
    return verdicts.pop()


def _objects(text: str) -> Iterator[Mapping[str, object]]:
    """The outermost JSON objects of a text, in order."""
    decoder = json.JSONDecoder(object_pairs_hook=_without_repetition, parse_constant=_no_number)
    at = text.find("{")
    while at >= 0:
        try:
            found, end = decoder.raw_decode(text, at)
        except RecursionError:
            raise UnreadableVerdict from None
        except json.JSONDecodeError:
            end = at + 1
        else:
            yield found
        at = text.find("{", end)


def _without_repetition(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise UnreadableVerdict
    return fields


def _no_number(_: str) -> float:
    raise UnreadableVerdict


def _verdict(fields: Mapping[str, object]) -> Verdict:
    is_safe, named = fields.get("is_safe"), fields.get("violations")
    confidence, reason = fields.get("confidence"), fields.get("reason")
    if not isinstance(is_safe, bool) or not isinstance(named, list) or not isinstance(reason, str):
        raise UnreadableVerdict
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise UnreadableVerdict
    if any(name not in list(Violation) for name in named):
        raise UnreadableVerdict
    violations = tuple(sorted({Violation(name) for name in named}))
    return Verdict(is_safe, violations, float(confidence), reason[:MAX_REASON])
