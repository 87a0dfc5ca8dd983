"""What each tenant's jobs have used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from ai_platform.jobs.application.ports import Usage, UsageReads
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import InvalidInput, Violation

LONGEST_DAYS: Final = 366
USUAL_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, the last one included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.last - self.first < timedelta(days=LONGEST_DAYS):
            msg = f"must be a day of the {LONGEST_DAYS} before `to`"
            raise InvalidInput(f"from: {msg}", violations=(Violation(("query", "from"), msg, "period_invalid"),))

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last, time.max, UTC) + timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SumUpUsage:
    """Jobs count on the day they were submitted; what a lost call used is known to its provider only."""

    reads: UsageReads
    clock: Clock

    async def __call__(
        self, tenant_id: UUID | None, first: date | None, last: date | None, *, after: UUID | None, limit: int
    ) -> tuple[Period, Sequence[Usage], bool]:
        """The last thirty days unless told otherwise; whether there are more tenants. Raises InvalidInput."""
        last = last or self.clock.now().date()
        try:
            period = Period(first or last - timedelta(days=USUAL_DAYS - 1), last)
            begins, ends = period.begins, period.ends
        except OverflowError:
            msg = "is no day that anything was done on"
            raise InvalidInput(f"to: {msg}", violations=(Violation(("query", "to"), msg, "period_invalid"),)) from None
        found = await self.reads.usage(tenant_id, begins, ends, after=after, limit=limit + 1)
        return period, found[:limit], len(found) > limit
