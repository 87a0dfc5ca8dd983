"""The root of a consistency boundary, which remembers what happened to it until its transaction is left."""

from ai_platform.kernel.errors import PreconditionFailed
from ai_platform.kernel.events import DomainEvent


class Aggregate:
    """Records domain events; the transaction that saves the aggregate takes them into the outbox.

    The list is made on first use, because an object-relational mapper loads instances without `__init__`.
    """

    def record(self, event: DomainEvent) -> None:
        self.__dict__.setdefault("_recorded_events", []).append(event)

    def take_events(self) -> tuple[DomainEvent, ...]:
        """Hand over what was recorded since the last call; a second call returns nothing."""
        return tuple(self.__dict__.pop("_recorded_events", ()))


def require_version(version: int, expected: frozenset[int] | None) -> None:
    """`expected`: the versions a writer has read, None for any. Raises PreconditionFailed if somebody was quicker."""
    if expected is not None and version not in expected:
        raise PreconditionFailed(f"It has version {version} by now; read it again.")
