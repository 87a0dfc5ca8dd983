"""How the demo model moderates: a few plain phrases for each category, in English and Indonesian."""

import json
import re
from typing import Final

from ai_platform.llm.domain.moderation import Violation

_PHRASES: Final = {
    Violation.HARASSMENT: r"you(?: a|')re (?:an? )?(?:idiot|moron|worthless)|dasar (?:bodoh|goblok|tolol|bangsat)"
    r"|i(?: wi|')ll make you suffer|kamu (?:bodoh|goblok|tolol)",
    Violation.HATE: r"(?:i hate|kill) all (?:\w+ )?(?:jews|muslims|christians|blacks|whites|gays|women|immigrants)"
    r"|(?:usir|bunuh|bantai) semua (?:orang )?(?:cina|yahudi|kafir|papua|kristen|muslim)",
    Violation.SELF_HARM: r"how (?:do i|to|can i) (?:kill|hurt|cut) myself|ways to (?:commit suicide|kill myself)"
    r"|cara (?:bunuh diri|menyakiti diri)",
    Violation.SEXUAL: r"(?:write|send|show) (?:me )?(?:some )?(?:porn|explicit sex|nudes)"
    r"|cerita (?:porno|mesum)|foto bugil",
    Violation.VIOLENCE: r"(?:how (?:do i|to|can i)|help me) (?:kill (?:him|her|them|someone|my)"
    r"|(?:make|build) a (?:pipe )?bomb)"
    r"|cara (?:membunuh (?:orang|dia)|(?:membuat|merakit) bom)|i(?: wi|')ll kill you|ku ?bunuh kamu",
    Violation.SPAM: r"buy now!{2,}|click here to (?:win|claim)|you(?: ha|')ve won (?:\$|a prize)"
    r"|(?:klik|transfer) (?:di sini )?(?:untuk|dan) (?:menang|dapat) (?:hadiah|jutaan)|slot gacor",
}  # fmt: skip
_CATEGORIES: Final = tuple((kind, re.compile(rf"\b(?:{words})", re.IGNORECASE)) for kind, words in _PHRASES.items())


def demo_verdict(prompt: str) -> str:
    """The JSON that a moderator answers; the same for the same words."""
    words = " ".join(prompt.split())
    violations = [kind.value for kind, pattern in _CATEGORIES if pattern.search(words)]
    reason = f"Demo rules found {', '.join(violations)}." if violations else "Demo rules found nothing."
    verdict = {"is_safe": not violations, "violations": violations, "confidence": 0.9, "reason": reason}
    return json.dumps(verdict)
