"""Which of the things that happen to orders become facts for everybody."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from ai_platform.commerce.contracts import events as facts
from ai_platform.commerce.domain import order_events as events
from ai_platform.kernel.events import ContractEvent, DomainEvent

_FACTS: Final[Mapping[type[DomainEvent], type[ContractEvent]]] = {
    events.OrderCreated: facts.OrderCreatedV1,
    events.OrderChanged: facts.OrderChangedV1,
    events.OrderConfirmed: facts.OrderConfirmedV1,
    events.OrderPaid: facts.OrderPaidV1,
    events.OrderStarted: facts.OrderStartedV1,
    events.OrderShipped: facts.OrderShippedV1,
    events.OrderDelivered: facts.OrderDeliveredV1,
    events.OrderCancelled: facts.OrderCancelledV1,
    events.OrderRefunded: facts.OrderRefundedV1,
    events.MoneyNeedsRefund: facts.MoneyNeedsRefundV1,
    events.OrderPaymentReversed: facts.OrderPaymentReversedV1,
}
"""Each pair has the same fields; one that gets others gets a function of its own."""


def published(event: DomainEvent) -> ContractEvent | None:
    """None for what stays inside this context."""
    fact = _FACTS.get(type(event))
    return None if fact is None else fact(**asdict(event))


ORDER_EXPIRES: Final = "commerce.order_expires"
"""A wake-up at the time that an order's reservation ends: `tenant_id`, `order_id`. Safe to repeat, or to come late."""
