"""Which models still take a temperature. The others answer a call that names one with 400.

OpenAI: the reasoning models (o-series, GPT-5 and later, their `-chat` variants excepted) take the default only.
Anthropic: sampling parameters were removed with Opus 4.7; Opus and Sonnet up to 4.6, Haiku up to 4.5 take them.
A family that is not listed here is taken for a new one by its name, and a foreign name for an ordinary model.
"""

import re
from typing import Final

_OPENAI_WITHOUT: Final = re.compile(r"^(?:o\d|gpt-(?:[5-9]|\d\d))(?!.*-chat)")
_CLAUDE: Final = re.compile(r"^claude-")
_CLAUDE_WITH: Final = re.compile(
    r"^claude-(?:instant|v?[123](?:[.-]|$)|(?:opus|sonnet)-4(?:-[0-6])?(?:-\d{8}|$)|haiku-4(?:-[0-5])?(?:-\d{8}|$))"
)


def accepts_temperature(provider: str, model_name: str) -> bool:
    """Whether a call to this model may name a temperature; a path before the model's own name is ignored."""
    name = model_name.lower().rpartition("/")[2]
    if provider == "anthropic" or _CLAUDE.match(name):
        return not _CLAUDE.match(name) or bool(_CLAUDE_WITH.match(name))
    return not _OPENAI_WITHOUT.match(name)
