"""What of a provider's own words may be shown: no keys, no long quotations, no more than two hundred characters."""

import re
from typing import Final

LONGEST: Final = 200

_KEYS: Final = re.compile(r"(?:sk|pk|key|aip|lsv2)[-_][\w*.-]{4,}|Bearer\s+\S+|[\w*-]{32,}", re.IGNORECASE)
_QUOTATIONS: Final = re.compile(r"(['\"`“])(?:(?!\1)[^\n]){41,}(?:['\"`”]|$)")
_BLANKS: Final = re.compile(r"\s+")


def presentable(words: str) -> str:
    """One line of the provider's message; keys become `[key]`, quotations longer than forty characters `[…]`."""
    line = _BLANKS.sub(" ", words[:2000]).strip()
    line = _QUOTATIONS.sub("[…]", line)
    line = _KEYS.sub("[key]", line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
