"""Facts about orders that any context may listen to. Amounts are minor units of `currency`."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ai_platform.kernel.events import ContractEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfOrder(ContractEvent):
    order_id: UUID
    number: str
    customer_id: UUID
    conversation_id: UUID | None
    status: str
    payment_status: str
    total: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCreatedV1(_OfOrder):
    topic: ClassVar[str] = "orders.created.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChangedV1(_OfOrder):
    """Something about it is different: lines, address, notes, how its payment stands."""

    topic: ClassVar[str] = "orders.changed.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmedV1(_OfOrder):
    """Its goods are reserved until `expires_at`."""

    topic: ClassVar[str] = "orders.confirmed.v1"

    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaidV1(_OfOrder):
    """The customer is to be told, without any model in between. `late`: it had ended, and goes on after all."""

    topic: ClassVar[str] = "orders.paid.v1"

    payment_id: UUID
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStartedV1(_OfOrder):
    """Worked on, unpaid: the customer pays at the door."""

    topic: ClassVar[str] = "orders.started.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShippedV1(_OfOrder):
    topic: ClassVar[str] = "orders.shipped.v1"

    tracking_number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDeliveredV1(_OfOrder):
    topic: ClassVar[str] = "orders.delivered.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelledV1(_OfOrder):
    """`expired`: nobody decided it, its time ran out."""

    topic: ClassVar[str] = "orders.cancelled.v1"

    reason: str
    expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefundedV1(_OfOrder):
    """`refunded`: all that was given back so far."""

    topic: ClassVar[str] = "orders.refunded.v1"

    payment_id: UUID
    refunded: int
    in_full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyNeedsRefundV1(_OfOrder):
    """Money that nothing can be sold for: an urgent ticket, and a word to the customer.

    `reason`: `sold_out` (it came too late, and there is not enough any more) or `paid_twice`.
    """

    topic: ClassVar[str] = "orders.money_needs_refund.v1"

    payment_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaymentReversedV1(_OfOrder):
    """The provider took settled money back. Nothing is sent until a person has looked: an urgent ticket."""

    topic: ClassVar[str] = "orders.payment_reversed.v1"

    payment_id: UUID
