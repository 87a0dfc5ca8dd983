"""A call as it came over the wire, and the reply as it shall go back, for either provider."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One parsed request. `prompt` is the text of the last user message; `words` counts all messages'."""

    model: str
    prompt: str
    words: int
    stream: bool
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to send: a body, or server-sent events when `events` is set.

    `breaks_off` closes the connection before the end, `hangs` never answers, `delay` is in seconds. With `held`, it
    waits until the call's prompt is released.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = "application/json"
    events: tuple[bytes, ...] | None = None
    delay: float = 0.0
    breaks_off: bool = False
    hangs: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What the model says and why it stops: `stop`, `length` or `refusal`."""

    text: str
    ending: str = "stop"

    @property
    def words(self) -> int:
        return len(self.text.split())

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text as a stream brings it, a dozen characters at a time."""
        return tuple(self.text[start : start + 12] for start in range(0, len(self.text), 12))


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def text_of(content: object) -> str:
    """A message's text, whether it is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict))
