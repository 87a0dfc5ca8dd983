"""Whether an answer that came whole is of use, by the rules of the config that gave it.

No false alarms: prose about errors and refusals is an answer. Only a text that is nothing but an error message, or
that begins with a stock sentence of refusal, is taken for one.
"""

import json
import re
from typing import Final

from ai_platform.llm.domain import failures
from ai_platform.llm.domain.calls import Answer, Call, Ending
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed
from ai_platform.llm.domain.validation import Action

_LONGEST_MESSAGE: Final = 300
_ERROR: Final = re.compile(
    r"""(?:
        (?:(?:internal|api|server|fatal|unknown|unexpected)\ )*error(?:\ \(?\d{3}\)?)?\s*[:.!-]
      | (?:(?:http(?:/\d(?:\.\d)?)?|error)\ )?(?:[45]\d\d\ )?
            (?:internal\ server\ error|bad\ gateway|service\ (?:temporarily\ |is\ )?unavailable|gateway\ time-?out
            |too\ many\ requests|rate\ limit\ (?:exceeded|reached)|request\ timed\ out
            |an?\ (?:internal\ |unexpected\ |unknown\ )?error\ (?:has\ )?occurr?ed
            |(?:telah\ )?terjadi\ (?:kesalahan|galat))
            (?:$|\s*[.:!;,-]|\ (?:(?:while\ )?processing|with\ your\ request|pada\ (?:server|sistem)|please|for\ org))
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_APOLOGY: Final = re.compile(
    r"(?:(?:i['\u2019]m |i am )?(?:so |very )?sorry|i apologi[sz]e|(?:mohon )?maaf|unfortunately|sayangnya)[,.!;:]*\s*"
    r"(?:(?:but|however|namun|tapi|tetapi),?\s+)?",
    re.IGNORECASE,
)
_REFUSAL: Final = re.compile(
    r"""(?:as\ an\ ai(?:\ \w+){0,3},?\ |sebagai\ (?:model\ bahasa\ )?ai,?\ )?(?:
        i\ (?:can['\u2019]?t|cannot|can\ not|won['\u2019]t|will\ not|must\ decline\ to)\ (?:
            help|assist|fulfill?|comply|provide|answer|respond|continue|engage|support|discuss|do\ that)
      | i(?:['\u2019]m|\ am)\ (?:unable|not\ able)\ to\ (?:
            help|assist|fulfill?|comply|provide|answer|respond|discuss|do\ that)
      | (?:saya|aku|kami)\ (?:tidak|tak)\ (?:bisa|dapat)
            \ (?:membantu|memenuhi|menjawab|memberikan|menanggapi|melanjutkan)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


_SENTENCES: Final = re.compile(r"[.!?](?:\s|$)")
_MOST_SENTENCES: Final = 2

_WHAT: Final = {
    FailureCode.RESPONSE_TOO_SHORT: "gave a shorter answer than its rules allow",
    FailureCode.ERROR_INDICATED: "answered with an error message",
    FailureCode.RESPONSE_REFUSED: "declined to answer",
    FailureCode.RESPONSE_TRUNCATED: "broke its answer off at max_tokens",
}


def objection(answer: Answer, config: LLMConfig, call: Call) -> tuple[Action, ModelCallFailed] | None:
    """What the config's rules do about the answer and the failure it then stands for; None when it is accepted."""
    rules = config.validation
    if answer.is_blank and answer.ending is Ending.REFUSED:
        declined = (
            _of(FailureCode.RESPONSE_REFUSED, config) if rules.on_refusal != "accept" else failures.refused(config)
        )
        return rules.on_refusal, declined
    if answer.is_blank:
        empty = failures.empty(config, truncated=answer.ending is Ending.TRUNCATED)
        return None if rules.on_empty == "accept" else (rules.on_empty, empty)
    text = answer.text.strip()
    found: tuple[tuple[Action, bool, FailureCode], ...] = (
        (rules.on_error_indicator, call.schema is None and is_error(text), FailureCode.ERROR_INDICATED),
        (rules.on_refusal, answer.ending is Ending.REFUSED or is_refusal(text), FailureCode.RESPONSE_REFUSED),
        (rules.on_too_short, len(text) < rules.min_length, FailureCode.RESPONSE_TOO_SHORT),
        (rules.on_truncated, answer.ending is Ending.TRUNCATED, FailureCode.RESPONSE_TRUNCATED),
    )
    return next(((action, _of(code, config)) for action, holds, code in found if holds and action != "accept"), None)


def is_error(text: str) -> bool:
    """The text as a whole is an error message, or a JSON object with an `error` that says something."""
    if text.startswith("{"):
        return _is_error_object(text)
    if text.startswith("Traceback (most recent call last):"):
        return True
    short = len(text) <= _LONGEST_MESSAGE and len(_SENTENCES.findall(text)) <= _MOST_SENTENCES
    return short and "\n" not in text and _ERROR.match(text) is not None


def is_refusal(text: str) -> bool:
    """The text begins with a stock sentence of refusal, in English or Indonesian."""
    apology = _APOLOGY.match(text)
    return _REFUSAL.match(text, apology.end() if apology else 0) is not None


def _of(code: FailureCode, config: LLMConfig) -> ModelCallFailed:
    return ModelCallFailed(code, f"The model of config '{config.name}' {_WHAT[code]}.")


def _is_error_object(text: str) -> bool:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and bool(told.get("error"))
