"""What is said to a model, and what it says back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation with a model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How one answer is asked for, besides its words.

    `on_token` receives pieces of text as they come, and first an empty one: the answer begins, maybe anew. With it,
    or with `stream`, the provider is asked to stream.
    `schema` is the JSON schema of the one object that the answer shall be. `max_retries` counts calls after the
    first, None is the platform's default. `deadline` is on the event loop's clock: nothing is tried beyond it.
    """

    stream: bool = False
    on_token: Callable[[str], None] | None = None
    schema: Mapping[str, Any] | None = None
    max_retries: int | None = None
    deadline: float | None = None

    @property
    def is_streamed(self) -> bool:
        return self.stream or self.on_token is not None


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one call as the provider counted them; the prompt's side includes what it served from a cache."""

    input: int
    output: int


class Ending(StrEnum):
    """Why the model stopped: by itself, at its token limit, or because it (or a filter) declined."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's text as it came; `tokens` is None when the provider did not count them."""

    text: str
    tokens: Tokens | None
    ending: Ending = Ending.COMPLETE

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


def storable(text: str) -> str:
    """The text without what PostgreSQL and UTF-8 cannot hold: NUL is dropped, a lone surrogate becomes `?`."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
