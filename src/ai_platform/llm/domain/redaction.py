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


def looks_like_key(name: str) -> bool:
    """Whether what should be a variable's name is rather the key that the variable should hold."""
    if re.match(r"(?:sk|pk|gsk|xai|aip|rk|hf|lsv2|nvapi)[-_]", name):
        return True
    kinds = (any(map(kind, name)) for kind in (str.islower, str.isupper, str.isdigit))
    return len(name) > MOST_IN_A_NAME or (len(name) >= SHORTEST_KEY and all(kinds))


SHORTEST_KEY: Final = 16
MOST_IN_A_NAME: Final = 100
