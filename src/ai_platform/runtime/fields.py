"""What request bodies are made of: no field that nobody asked for, and texts that PostgreSQL can hold."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain NUL characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


StoredText = Annotated[str, AfterValidator(_storable)]
SaidText = Annotated[str, AfterValidator(_storable), AfterValidator(_not_blank)]


def complaint(error: Mapping[str, Any]) -> str:
    """What is wrong with a field, in its validator's own words: Pydantic puts its own before a ValueError's."""
    return str(error["msg"]).removeprefix("Value error, ")


class StrictBody(BaseModel):
    """A field that is not known is refused: it may be a known one, misspelled."""

    model_config = ConfigDict(extra="forbid")
