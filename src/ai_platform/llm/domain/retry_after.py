"""How long a provider asks its callers to wait (RFC 9110 §10.2.3, and the vendors' `retry-after-ms`)."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WISH: Final = 86_400.0
"""Seconds. A provider may ask for no more than a day."""


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from `now`, never negative; None when nothing was asked or it cannot be read.

    `headers` has lower-case names. Milliseconds win over the standard header, which is seconds or an HTTP date.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    stated = headers.get("retry-after")
    seconds = _number(stated)
    if seconds is None:
        seconds = _until(stated, now)
    return None if seconds is None else _bounded(seconds)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _until(text: str | None, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds()


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WISH)
