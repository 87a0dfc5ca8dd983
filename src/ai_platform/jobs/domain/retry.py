"""When a failed attempt is followed by another."""

from dataclasses import dataclass
from datetime import datetime, timedelta

JITTER = 0.1
SHORTEST_PARKING = 1.0
LONGEST_PARKING = 60.0
PARKING_SPREAD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential backoff between attempts of one job, in seconds: min · 2ⁿ, at most max, ± 10 %."""

    shortest: float
    longest: float

    def next_attempt_at(self, *, now: datetime, failures: int, wanted: float | None, luck: float) -> datetime:
        """`failures` counts earlier retries, `wanted` is the provider's own Retry-After, `luck` is in [0, 1).

        The provider is never called before the time it asked for, even beyond the longest delay.
        """
        delay = min(self.longest, self.shortest * 2.0**failures) * (1 + JITTER * (2 * luck - 1))
        return now + timedelta(seconds=max(delay, wanted or 0.0))

    def parked_until(self, *, now: datetime, since: datetime, wanted: float | None, luck: float) -> datetime:
        """When a job that has waited for a breaker or a limit since `since` asks once more.

        Never before `wanted` seconds; the longer it has waited the rarer it asks, and many do not ask together.
        """
        waited = (now - since).total_seconds()
        delay = max(wanted or 0.0, min(LONGEST_PARKING, max(SHORTEST_PARKING, waited / 2)))
        return now + timedelta(seconds=delay * (1 + PARKING_SPREAD * luck))
