"""Deliveries, and consumers whose work ends as a test says."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.runtime.bus import Message
from ai_platform.runtime.consuming import Consumer
from ai_platform.runtime.telemetry import Metrics


class FakeDelivery:
    def __init__(
        self, redeliveries: int = 0, headers: Mapping[str, str] | None = None, message: Message | None = None
    ) -> None:
        self.message = message or Message(id=new_id(), type="orders.placed", body={}, headers=headers or {})
        self.redeliveries = redeliveries
        self.verdicts: list[str] = []

    async def ack(self) -> None:
        self.verdicts.append("ack")

    async def redeliver(self) -> None:
        self.verdicts.append("redeliver")

    async def dead_letter(self) -> None:
        self.verdicts.append("dead_letter")


class Database:
    """Away for the first few times that it is asked."""

    def __init__(self, away: int = 0) -> None:
        self.away = away

    async def ping(self) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("The database is away.")


def a_consumer(handle: Callable[[Message], Awaitable[None]], **changes: Any) -> tuple[Consumer, Metrics]:
    metrics = Metrics()
    options = {"ready": Database().ping, "metrics": metrics, "concurrency": 10, **changes}
    return Consumer("orders", handle, **options), metrics


def failing_with(*errors: Exception) -> Callable[[Message], Awaitable[None]]:
    """Fails once with each, then succeeds."""
    left = list(errors)

    async def handle(_: Message) -> None:
        if left:
            raise left.pop(0)

    return handle
