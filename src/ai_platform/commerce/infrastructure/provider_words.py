"""What a provider wrote, or somebody in its name, as far as it can be kept."""

import json
from collections.abc import Mapping
from typing import Any


def body_of(raw: bytes) -> Mapping[str, Any] | None:
    """The object of a notification; None for anything else."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, Mapping) else None


def text_in(body: Mapping[str, Any] | None, name: str) -> str | None:
    """Only a string is one: a number in a signed place would be written anew, and differently.

    None also for what PostgreSQL cannot hold: NUL, and halves of a character.
    """
    value = body.get(name) if body else None
    if not isinstance(value, str) or not value or "\x00" in value:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return value
