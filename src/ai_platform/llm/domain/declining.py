"""What is said when a message may not be answered: never a word of the message itself."""

import re
from collections.abc import Sequence
from typing import Final, Literal

from ai_platform.llm.domain.moderation import Violation

Language = Literal["English", "Indonesian"]

_INDONESIAN: Final = re.compile(
    r"\b(?:aku|anda|apa|apakah|bagaimana|bisa|boleh|buat|cara|dan|dengan|di|gimana|ini|itu|jangan|juga|kamu|karena|ke"
    r"|kenapa|kita|lagi|mau|mereka|nggak|pada|saja|sama|saya|sudah|tidak|tolong|untuk|yang)\b"
)
_SENTENCES: Final[dict[Language, str]] = {
    "English": "I'm sorry, but I can't help with that. Is there something else that I can do for you?",
    "Indonesian": "Maaf, saya tidak dapat membantu dengan hal itu. Ada hal lain yang bisa saya bantu?",
}
_MEANINGS: Final = {
    Violation.HARASSMENT: "harassment",
    Violation.HATE: "hate",
    Violation.SELF_HARM: "self-harm",
    Violation.SEXUAL: "sexual content",
    Violation.VIOLENCE: "violence",
    Violation.SPAM: "spam or fraud",
}


def language_of(prompt: str) -> Language:
    """Indonesian when at least a seventh of the words are everyday Indonesian ones, else English."""
    text = prompt[:2000].lower()
    known, words = len(_INDONESIAN.findall(text)), len(re.findall(r"[a-z]+", text))
    return "Indonesian" if known and known * 7 >= words else "English"


def fixed_refusal(prompt: str) -> str:
    """What is answered when no model is there to decline in its own words."""
    return _SENTENCES[language_of(prompt)]


def request_to_decline(violations: Sequence[Violation], language: Language) -> str:
    """All that the agent which declines is told. Only in distress do people need more than a no."""
    named = ", ".join(_MEANINGS[one] for one in violations)
    cause = f"It was found to contain: {named}." if named else "It could not be checked, so it must not be answered."
    hint = " Show care, and point to local emergency services or a crisis line." * (Violation.SELF_HARM in violations)
    return (
        "A message was held back and is not shown to you. "
        f"{cause} Decline politely in {language}, in two sentences, and offer help with something else. "
        f"Do not speculate about what it said.{hint}"
    )
