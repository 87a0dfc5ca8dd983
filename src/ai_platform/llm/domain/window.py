"""Never more than so many in any sixty seconds."""

from dataclasses import dataclass, field
from typing import Final

WINDOW_SECONDS: Final = 60


@dataclass(slots=True)
class SlidingWindow:
    """Amounts by the second in which they were spent.

    A second is forgotten only when its last moment is a whole minute old, so the limit holds in every minute.
    """

    spent: dict[int, int] = field(default_factory=dict)

    def wait(self, amount: int, limit: int, now: float) -> float:
        """Seconds until `amount` fits under `limit`; 0 when it fits now. `amount` is no more than `limit`."""
        self._forget(now)
        over = sum(self.spent.values()) + amount - limit
        for second in sorted(self.spent):
            if over <= 0:
                break
            over -= self.spent[second]
            if over <= 0:
                return second + WINDOW_SECONDS + 1 - now
        return 0.0

    def add(self, amount: int, now: float) -> int:
        """Returns the second under which it was written down."""
        second = int(now)
        self.spent[second] = self.spent.get(second, 0) + amount
        return second

    def correct(self, second: int, by: int) -> None:
        """What was written down for a second was not what was spent; a second that is forgotten stays so."""
        if second in self.spent:
            self.spent[second] = max(0, self.spent[second] + by)

    def _forget(self, now: float) -> None:
        oldest = int(now) - WINDOW_SECONDS
        for second in [second for second in self.spent if second < oldest]:
            del self.spent[second]
