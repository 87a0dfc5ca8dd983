"""What follows from one try of a webhook."""

import email.utils
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

BACKOFF: Final = (5.0, 30.0, 120.0, 600.0, 3600.0, 21_600.0, 86_400.0)
"""Seconds after the first, second, … try that did not deliver; ± 10 %. After the last of them comes one more try."""

_JITTER: Final = 0.1
_LONGEST: Final = BACKOFF[-1]
_GONE: Final = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try: when it began, the answer's status or else the class of the error, and what the answer asked for.

    `retry_after` is in seconds. Never the answer's text: it is a stranger's.
    """

    at: datetime
    status_code: int | None
    error: str | None
    milliseconds: int
    retry_after: float | None = None

    @property
    def is_delivered(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300

    def record(self, attempt: int) -> dict[str, Any]:
        """As it stands in the delivery log."""
        return {
            "attempt": attempt,
            "at": self.at.isoformat(),
            "status_code": self.status_code,
            "error": self.error,
            "milliseconds": self.milliseconds,
        }


@dataclass(frozen=True, slots=True)
class Next:
    """`seconds` until the next try while `pending`."""

    status: Literal["pending", "delivered", "failed"]
    seconds: float = 0.0


def after(made: Try, *, tries_before: int, random: float) -> Next:
    """2xx delivers it, 410 Gone ends it, anything else comes again until the tries are used up.

    `random` is in [0, 1). A Retry-After that is longer than our own pause is kept, up to a day.
    """
    if made.is_delivered:
        return Next("delivered")
    if made.status_code == _GONE or tries_before >= len(BACKOFF):
        return Next("failed")
    pause = BACKOFF[tries_before] * (1 - _JITTER + 2 * _JITTER * random)
    return Next("pending", max(pause, min(made.retry_after or 0.0, _LONGEST)))


def seconds_asked_for(retry_after: str | None, now: datetime) -> float | None:
    """RFC 9110 §10.2.3: a number of seconds or an HTTP date; None for anything else."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
