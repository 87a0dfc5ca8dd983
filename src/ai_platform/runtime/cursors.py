"""Opaque positions in a list."""

import base64
import binascii
from uuid import UUID

from ai_platform.kernel.errors import InvalidInput, Violation


def cursor_of(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def position_of(cursor: str | None) -> UUID | None:
    """Raises InvalidInput for anything that `cursor_of` did not make."""
    if cursor is None:
        return None
    position: UUID | None
    try:
        position = UUID(bytes=base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        position = None
    if position is None or cursor_of(position) != cursor:  # base64 has several spellings of the same bytes
        raise _invalid()
    return position


def name_cursor_of(last: str) -> str:
    """A position in a list that is ordered by name."""
    return base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")


def name_position_of(cursor: str | None) -> str | None:
    """Raises InvalidInput for anything that `name_cursor_of` did not make."""
    if cursor is None:
        return None
    try:
        name = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _invalid() from None
    if name_cursor_of(name) != cursor or "\x00" in name:
        raise _invalid()
    return name


def _invalid() -> InvalidInput:
    violation = Violation(("query", "cursor"), "is not a cursor of this list", "invalid_cursor")
    return InvalidInput("The cursor is not valid.", code="invalid_cursor", violations=(violation,))
