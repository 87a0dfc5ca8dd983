"""Time as a port, so that rules about time are tested without waiting."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The current time, always with the UTC offset."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
