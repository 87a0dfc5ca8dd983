"""What request bodies are made of: no field that nobody asked for, and texts that PostgreSQL can hold."""

from typing import Annotated

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


class StrictBody(BaseModel):
    """A field that is not known is refused: it may be a known one, misspelled."""

    model_config = ConfigDict(extra="forbid")
