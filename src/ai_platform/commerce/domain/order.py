"""An order: what a customer wants, at which price, where it goes, and how far it has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ai_platform.commerce.domain import order_events as events
from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.order_changes import OrderChanges
from ai_platform.commerce.domain.order_errors import (
    CurrencyDiffers,
    InvalidOrderStep,
    LineNotFound,
    OrderEmpty,
    OrderNotEditable,
    OrderOnHold,
    OrderTooLarge,
    PaymentUnderWay,
)
from ai_platform.commerce.domain.order_line import Offer, OrderLine, PriceChange, price_changes
from ai_platform.commerce.domain.order_status import HAS_MONEY, STEPS, Hold, OrderStatus, PaymentStatus
from ai_platform.kernel.aggregate import Aggregate
from ai_platform.kernel.money import AMOUNT_MAX

LINES_MAX: Final = 100
REASON_MAX: Final = 500
EXPIRED: Final = "expired"


@dataclass(eq=False, kw_only=True)
class Order(Aggregate):
    """`payment_id` is the payment that `payment_status` speaks of; `paid_at` when money first came, for good."""

    id: UUID
    tenant_id: UUID
    number: str
    customer_id: UUID
    conversation_id: UUID | None = None
    currency: str
    status: OrderStatus = OrderStatus.PENDING
    payment_status: PaymentStatus = PaymentStatus.PENDING
    payment_id: UUID | None = None
    hold: Hold | None = None
    lines: tuple[OrderLine, ...] = field(default=())
    shipping_cost: int = 0
    shipping_address: Address | None = None
    notes: str | None = None
    tracking_number: str | None = None
    cancel_reason: str | None = None
    confirmed_at: datetime | None = None
    expires_at: datetime | None = None
    paid_at: datetime | None = None
    refunded: int = 0
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def subtotal(self) -> int:
        return sum(line.subtotal for line in self.lines)

    @property
    def total(self) -> int:
        return self.subtotal + self.shipping_cost

    @property
    def has_money(self) -> bool:
        return self.payment_status in HAS_MONEY

    @property
    def awaits_money(self) -> bool:
        """Confirmed and unpaid: the state that expires."""
        return self.status is OrderStatus.CONFIRMED and not self.has_money

    @property
    def is_changed(self) -> bool:
        """Since it was loaded or last saved: every change is told."""
        return bool(self.__dict__.get("_recorded_events"))

    def renumber(self, number: str) -> None:
        """The first was somebody else's."""
        self.number = number
        self.take_events()
        self.tell(events.OrderCreated, self.created_at)

    def create(self, chosen: Sequence[tuple[UUID, Offer, int]]) -> None:
        """With lines from the beginning, or none: line ids, what is chosen, and how many."""
        for line_id, offer, quantity in chosen:
            self._put(line_id, offer, quantity)
        self.tell(events.OrderCreated, self.created_at)

    def add(self, line_id: UUID, offer: Offer, quantity: int, *, at: datetime) -> None:
        """The same variant again makes one line with the sum, at today's price."""
        self._require_pending()
        self._put(line_id, offer, quantity)
        self.tell(events.OrderChanged, at)

    def remove(self, line_id: UUID, *, at: datetime) -> None:
        self._require_pending()
        if all(line.id != line_id for line in self.lines):
            raise LineNotFound(line_id)
        self.lines = tuple(line for line in self.lines if line.id != line_id)
        self.tell(events.OrderChanged, at)

    def reprice(self, prices: Mapping[UUID, int], *, at: datetime) -> tuple[PriceChange, ...]:
        """Take today's prices over; what has changed. Only while PENDING: a confirmed price stands."""
        self._require_pending()
        changes = price_changes(self.lines, prices)
        if changes:
            new = {change.line.variant_id: change.new for change in changes}
            self._keep(
                tuple(replace(line, unit_price=new.get(line.variant_id, line.unit_price)) for line in self.lines)
            )
            self.tell(events.OrderChanged, at)
        return changes

    def change(self, changes: OrderChanges, *, at: datetime) -> None:
        """What is not named stays. The cost only while PENDING; the address until it is sent."""
        if changes.names("shipping_cost"):
            self._require_pending()
        if changes.names("shipping_address") and self.status not in _NOT_SENT_YET:
            raise OrderNotEditable(self.status, "Its address")
        different = {name: value for name, value in changes.named.items() if getattr(self, name) != value}
        if not different:
            return
        for name, value in different.items():
            setattr(self, name, value)
        self._keep(self.lines)
        self.tell(events.OrderChanged, at)

    def confirm(self, *, at: datetime, expires_at: datetime, shipping_address: Address | None = None) -> None:
        """From now on its lines are reserved, and stay so until it is paid, cancelled or `expires_at`."""
        self._require_step(OrderStatus.CONFIRMED)
        if not self.lines:
            raise OrderEmpty
        self.status, self.confirmed_at, self.expires_at = OrderStatus.CONFIRMED, at, expires_at
        if shipping_address is not None:
            self.shipping_address = shipping_address
        self.tell(events.OrderConfirmed, at, expires_at=expires_at)

    def start(self, *, at: datetime) -> None:
        """Work begins before the money is here: the customer pays at the door. It expires no more."""
        self._require_step(OrderStatus.PROCESSING)
        self.status, self.expires_at = OrderStatus.PROCESSING, None
        self.tell(events.OrderStarted, at)

    def ship(self, *, at: datetime) -> None:
        self._require_step(OrderStatus.SHIPPED)
        if self.hold is not None:
            raise OrderOnHold(self.hold)
        self.status = OrderStatus.SHIPPED
        self.tell(events.OrderShipped, at, tracking_number=self.tracking_number)

    def deliver(self, *, at: datetime) -> None:
        self._require_step(OrderStatus.DELIVERED)
        self.status = OrderStatus.DELIVERED
        self.tell(events.OrderDelivered, at)

    def begin_cancelling(self, reason: str, *, at: datetime) -> None:
        """A paid order is cancelled by its refund; until that is through, nothing is sent."""
        self._require_step(OrderStatus.CANCELLED)
        self.hold, self.cancel_reason = Hold.CANCELLING, reason
        self.tell(events.OrderChanged, at)

    def stop_cancelling(self, *, at: datetime) -> None:
        """The refund was refused, so the order goes on."""
        if self.hold is Hold.CANCELLING:
            self.hold, self.cancel_reason = None, None
            self.tell(events.OrderChanged, at)

    def cancel(self, reason: str, *, at: datetime) -> None:
        """Raises PaymentUnderWay while a customer may be paying: that is ended first."""
        self._require_step(OrderStatus.CANCELLED)
        if self.payment_status is PaymentStatus.PENDING_PAYMENT:
            raise PaymentUnderWay
        self._end(reason, at, expired=False)

    def expire(self, *, at: datetime) -> bool:
        """Its time ran out without money. False when that is not so (any more). Raises PaymentUnderWay."""
        if not self.awaits_money or self.expires_at is None or self.expires_at > at:
            return False
        if self.payment_status is PaymentStatus.PENDING_PAYMENT:
            raise PaymentUnderWay
        self._end(EXPIRED, at, expired=True)
        return True

    def postpone_expiry(self, until: datetime, *, at: datetime) -> None:
        """The provider cannot be asked whether there is money, so nobody may take the goods away yet."""
        if self.awaits_money and self.expires_at is not None and self.expires_at < until:
            self.expires_at = until
            self.tell(events.OrderExpiryPostponed, at, expires_at=until)

    def _end(self, reason: str, at: datetime, *, expired: bool) -> None:
        self.status, self.cancel_reason, self.expires_at = OrderStatus.CANCELLED, reason, None
        if self.hold is not Hold.NEEDS_REFUND:
            self.hold = None
        self.tell(events.OrderCancelled, at, reason=reason, expired=expired)

    def _put(self, line_id: UUID, offer: Offer, quantity: int) -> None:
        if offer.currency != self.currency:
            raise CurrencyDiffers(offer.sku, offer.currency, self.currency)
        added = OrderLine.of(offer, line_id, quantity)
        same = next((line for line in self.lines if line.variant_id == offer.variant_id), None)
        if same is None:
            self._keep((*self.lines, added))
        else:
            one = replace(added, id=same.id, quantity=same.quantity + quantity)
            self._keep(tuple(one if line is same else line for line in self.lines))

    def _keep(self, lines: tuple[OrderLine, ...]) -> None:
        if len(lines) > LINES_MAX:
            raise OrderTooLarge(f"it may have {LINES_MAX} lines")
        if sum(line.subtotal for line in lines) + self.shipping_cost > AMOUNT_MAX:
            raise OrderTooLarge(f"it may come to {AMOUNT_MAX} minor units of {self.currency}")
        self.lines = lines

    def _require_pending(self) -> None:
        if self.status is not OrderStatus.PENDING:
            raise OrderNotEditable(self.status)

    def _require_step(self, wanted: OrderStatus) -> None:
        if wanted not in STEPS[self.status]:
            raise InvalidOrderStep(self.status, wanted)

    def tell(self, event: type[events.OrderEvent], at: datetime, **more: Any) -> None:
        """Every change is told, and every telling is a change."""
        self.updated_at = at
        self.record(
            event(
                occurred_at=at,
                tenant_id=self.tenant_id,
                order_id=self.id,
                number=self.number,
                customer_id=self.customer_id,
                conversation_id=self.conversation_id,
                status=self.status.value,
                payment_status=self.payment_status.value,
                total=self.total,
                currency=self.currency,
                **more,
            )
        )


_NOT_SENT_YET: Final = frozenset({OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PROCESSING})
