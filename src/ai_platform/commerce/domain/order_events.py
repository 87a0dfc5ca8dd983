"""What happens to orders."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ai_platform.kernel.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent(DomainEvent):
    """Every event says whose order it is and what it comes to; `total` in minor units."""

    tenant_id: UUID
    order_id: UUID
    number: str
    customer_id: UUID
    conversation_id: UUID | None
    status: str
    payment_status: str
    total: int
    currency: str


class OrderCreated(OrderEvent):
    __slots__ = ()


class OrderChanged(OrderEvent):
    """Its lines, its address, its notes or what became of its payment."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed(OrderEvent):
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpiryPostponed(OrderEvent):
    """The provider could not say whether it was paid, so it stays alive a little longer."""

    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaid(OrderEvent):
    """`late`: it had expired or been cancelled, and there was still enough of everything."""

    payment_id: UUID
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyNeedsRefund(OrderEvent):
    """Money came that nothing can be sold for: too late and sold out (`sold_out`), or a second time (`paid_twice`)."""

    payment_id: UUID
    reason: str


class OrderStarted(OrderEvent):
    """Worked on without having been paid: the customer pays at the door."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShipped(OrderEvent):
    tracking_number: str | None


class OrderDelivered(OrderEvent):
    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OrderEvent):
    """`expired`: nobody decided it, its time ran out."""

    reason: str
    expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefunded(OrderEvent):
    """`refunded`: all that was given back so far, in minor units."""

    payment_id: UUID
    refunded: int
    in_full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaymentReversed(OrderEvent):
    """The provider took settled money back: nothing is sent until a person has looked."""

    payment_id: UUID
