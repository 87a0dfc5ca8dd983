"""A bus that goes away when a test says so."""

from collections.abc import Sequence

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.bus import Collect, Outgoing, QueueDepth, Receive, Subscription
from ai_platform.runtime.bus_embedded import EmbeddedBus


class UnsteadyBus:
    """The embedded bus, which can be `away`, or go away `after_publishing`."""

    def __init__(self, bus: EmbeddedBus) -> None:
        self._bus = bus
        self.away = False
        self.after_publishing = False
        self.attempts = 0

    async def publish(self, batch: Sequence[Outgoing]) -> list[Exception | None]:
        self.attempts += 1
        if self.away:
            raise Unavailable("The bus is away.")
        outcomes = await self._bus.publish(batch)
        if self.after_publishing:
            raise Unavailable("The bus went away before it could confirm.")
        return outcomes

    async def subscribe(self, queue: str, receive: Receive, *, concurrency: int) -> Subscription:
        return await self._bus.subscribe(queue, receive, concurrency=concurrency)

    async def collect_dead(self, queue: str, collect: Collect) -> Subscription:
        return await self._bus.collect_dead(queue, collect)

    async def depth(self, queue: str) -> QueueDepth:
        return await self._bus.depth(queue)

    async def ping(self) -> None:
        await self._bus.ping()

    async def close(self) -> None:
        await self._bus.close()
