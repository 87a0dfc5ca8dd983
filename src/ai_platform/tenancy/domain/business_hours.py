"""When a business is there for its customers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Self

from ai_platform.kernel.errors import InvalidInput, Violation

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_INTERVAL: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_FULL_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `opens` until before `closes`, in minutes since midnight; it ends on the day on which it begins."""

    opens: int
    closes: int

    @classmethod
    def parse(cls, words: str) -> Self | None:
        """`09:00-17:30`; None for what is no interval. `24:00` is the end of the day."""
        match = _INTERVAL.fullmatch(words)
        if match is None:
            return None
        from_hour, from_minute, to_hour, to_minute = match.groups()
        closes = _FULL_DAY if to_hour is None else int(to_hour) * 60 + int(to_minute)
        interval = cls(int(from_hour) * 60 + int(from_minute), closes)
        return interval if interval.opens < interval.closes else None

    def __str__(self) -> str:
        return f"{self.opens // 60:02}:{self.opens % 60:02}-{self.closes // 60:02}:{self.closes % 60:02}"


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """Intervals a weekday, in the tenant's time zone; no day at all means that no hours were stated."""

    days: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, stated: Mapping[str, str | Sequence[str]]) -> Self:
        """`{"mon": ["09:00-12:00", "13:00-17:00"]}`; a bare string is one interval. Raises InvalidInput."""
        days: dict[str, tuple[Interval, ...]] = {}
        for day, words in stated.items():
            if day not in DAYS:
                raise _wrong(day, f"is no weekday; weekdays are {', '.join(DAYS)}")
            days[day] = _intervals(day, [words] if isinstance(words, str) else words)
        return cls({day: days[day] for day in DAYS if day in days})

    def stated(self) -> dict[str, list[str]]:
        """The same as words, in the order of the week."""
        return {day: [str(one) for one in intervals] for day, intervals in self.days.items()}


def _intervals(day: str, stated: Sequence[str]) -> tuple[Interval, ...]:
    found: list[Interval] = []
    for words in stated:
        interval = Interval.parse(words)
        if interval is None:
            raise _wrong(day, f"{words!r} is no interval like 09:00-17:00 within one day")
        found.append(interval)
    found.sort()
    if any(earlier.closes > later.opens for earlier, later in pairwise(found)):
        raise _wrong(day, "has intervals that overlap")
    return tuple(found)


def _wrong(day: str, what: str) -> InvalidInput:
    violation = Violation(("business_hours", day), what, "invalid_business_hours")
    return InvalidInput(f"business_hours.{day} {what}.", violations=(violation,))
