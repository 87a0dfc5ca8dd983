"""What follows from what happened to an order, in the same transaction: facts for everybody, and its wake-ups."""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.application.order_published import ORDER_EXPIRES, published
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_events import OrderConfirmed, OrderCreated, OrderEvent, OrderExpiryPostponed
from ai_platform.kernel.events import DomainEvent
from ai_platform.runtime import outbox, tracing
from ai_platform.runtime.bus import QueueName
from ai_platform.runtime.outbox import Entry, fact
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics

_QUIET: Final = "orders.changed.v1"


@dataclass(slots=True)
class Consequences:
    """`entries` and `reached` are told once the transaction is committed: see `tell`."""

    connection: AsyncConnection
    queue: str
    entries: list[Entry] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    _written: int = 0

    def follow(self, order: Order) -> None:
        """In the name of whoever runs this: his request id goes along."""
        for event in order.take_events():
            self.entries += self._entries_of(event)
            self._count(event)

    async def write(self) -> None:
        await outbox.write(self.connection, self.entries[self._written :])
        self._written = len(self.entries)

    def tell(self, relay: Relay, metrics: Metrics) -> None:
        relay.take(self.entries)
        for status in self.reached:
            metrics.orders.labels(status).inc()

    def _entries_of(self, event: DomainEvent) -> list[Entry]:
        trace = tracing.current()
        headers = trace.headers() if trace else {}
        told = published(event)
        entries = [] if told is None else [fact(told, headers=headers)]
        if isinstance(event, OrderConfirmed | OrderExpiryPostponed):
            body = {"tenant_id": str(event.tenant_id), "order_id": str(event.order_id)}
            entries.append(
                Entry(to=QueueName(self.queue), type=ORDER_EXPIRES, body=body, headers=headers, due=event.expires_at)
            )
        return entries

    def _count(self, event: DomainEvent) -> None:
        told = published(event)
        if isinstance(event, OrderEvent) and (isinstance(event, OrderCreated) or (told and told.topic != _QUIET)):
            self.reached.append(event.status)
