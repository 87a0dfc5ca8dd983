"""Which agent answers: a pure function of what was asked and of what moderation said."""

import re
from typing import Final

from ai_platform.llm.domain.agent import AgentType

_READ_SO_FAR: Final = 300
"""Characters: a phrase deep inside a long text is part of that text, not a wish to go on."""

_ANYWHERE: Final = (
    r"what about|how about|tell me more|say more|more (?:details?|examples?|about (?:that|this|it))|go on|carry on"
    r"|continue|keep going|elaborate|go deeper|as you said|you (?:just )?(?:said|mentioned)"
    r"|your (?:last|previous) answer"
    r"|the (?:previous|last) (?:one|answer|point)|explain (?:that|this|it) (?:more|further|again)"
    r"|(?:ceritakan|jelaskan|jelasin|kasih tahu) (?:lebih|lagi)|lebih (?:lanjut|detail|jauh)|lanjutkan|lanjutin"
    r"|teruskan|terusin|bagaimana dengan|gimana dengan|bagaimana kalau|gimana kalau|yang tadi|tadi (?:kamu|anda) bilang"
    r"|jawaban (?:tadi|sebelumnya)|seperti yang (?:kamu|anda) (?:bilang|katakan)"
)
_AT_THE_START: Final = (
    r"lanjut|terus|selanjutnya|lalu|kalau (?:yang|begitu)|more|next|and then|why is that|kenapa begitu"
)

_FOLLOW_UP: Final = re.compile(rf"\b(?:{_ANYWHERE})\b|^\W*(?:{_AT_THE_START})\b", re.IGNORECASE)


def route(*, is_blocked: bool, is_followup: bool, has_history: bool, prompt: str) -> AgentType:
    """What may not be answered goes to the fallback, what continues a conversation to followup, the rest to main."""
    if is_blocked:
        return AgentType.FALLBACK
    if is_followup or has_history or continues(prompt):
        return AgentType.FOLLOWUP
    return AgentType.MAIN


def continues(prompt: str) -> bool:
    """Whether the words themselves ask to go on, in English or Indonesian."""
    return _FOLLOW_UP.search(" ".join(prompt[:_READ_SO_FAR].split())) is not None
