"""What money does to an order. Each step may be repeated: providers tell everything twice, late and in any order.

They follow what a payment has become; they never decide whether there is money.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from ai_platform.commerce.domain import order_events as events
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import (
    InvalidOrderStep,
    OrderExpired,
    OrderIsPaid,
    OrderOnHold,
    PaymentUnderWay,
)
from ai_platform.commerce.domain.order_status import WAS_PAID, Hold, OrderStatus, PaymentStatus


class Due(StrEnum):
    """What money that has come asks of the stock."""

    NOTHING = "nothing"
    """Known already, or the goods have left."""
    CONSUME = "consume"
    """What is held leaves the shelf."""
    TAKE_AGAIN = "take_again"
    """The order had ended: its lines have to be found once more, or the money goes back."""
    GIVE_BACK_MONEY = "give_back_money"
    """Nothing can be sold for it."""


PAID_TWICE: Final = "paid_twice"
SOLD_OUT: Final = "sold_out"


def require_payable(order: Order, *, at: datetime) -> None:
    """Raises OrderIsPaid, OrderOnHold, OrderExpired, and InvalidOrderStep before it is confirmed."""
    if order.paid_at is not None:
        raise OrderIsPaid
    if order.hold is not None:
        raise OrderOnHold(order.hold)
    if order.status in (OrderStatus.PENDING, OrderStatus.CANCELLED):
        raise InvalidOrderStep(order.status, OrderStatus.PROCESSING)
    if order.expires_at is not None and order.expires_at <= at:
        raise OrderExpired


def begin_payment(order: Order, payment_id: UUID, *, at: datetime) -> None:
    """Raises PaymentUnderWay for a second one while one lives, and what `require_payable` raises."""
    if order.payment_status is PaymentStatus.PENDING_PAYMENT and order.payment_id != payment_id:
        raise PaymentUnderWay
    require_payable(order, at=at)
    if order.payment_id != payment_id:
        _follow(order, payment_id, PaymentStatus.PENDING_PAYMENT)
        order.tell(events.OrderChanged, at)


def due_for_money(order: Order, payment_id: UUID) -> Due:
    """Asked before the stock is: what the money of this payment would mean now."""
    if order.payment_id == payment_id and order.payment_status in WAS_PAID:
        return Due.NOTHING
    if order.payment_id == payment_id and order.hold is Hold.PAYMENT_REVERSED and order.status in _ON_ITS_WAY:
        return Due.NOTHING
    if order.paid_at is not None:
        return Due.GIVE_BACK_MONEY
    if order.status is OrderStatus.CANCELLED:
        return Due.TAKE_AGAIN
    if order.status in (OrderStatus.CONFIRMED, OrderStatus.PROCESSING):
        return Due.CONSUME
    return Due.NOTHING if order.status is not OrderStatus.PENDING else Due.GIVE_BACK_MONEY


def take_money(order: Order, payment_id: UUID, *, at: datetime) -> None:
    """The order is paid: it is worked on from now, even when it had ended."""
    if order.payment_id == payment_id and order.payment_status in WAS_PAID:
        return
    late = order.status is OrderStatus.CANCELLED
    if late or order.status is OrderStatus.CONFIRMED:
        order.status, order.expires_at, order.cancel_reason = OrderStatus.PROCESSING, None, None
    order.hold = None
    _follow(order, payment_id, PaymentStatus.PAID)
    order.paid_at = order.paid_at or at
    order.tell(events.OrderPaid, at, payment_id=payment_id, late=late)


def owe_money(order: Order, payment_id: UUID, reason: str, *, at: datetime) -> None:
    """Money that nothing can be sold for. What an order was paid with before stays what it was paid with."""
    if order.paid_at is None:
        _follow(order, payment_id, PaymentStatus.PAID)
        order.paid_at, order.hold = at, Hold.NEEDS_REFUND
    order.tell(events.MoneyNeedsRefund, at, payment_id=payment_id, reason=reason)


def end_payment(order: Order, payment_id: UUID, ended: PaymentStatus, *, at: datetime) -> None:
    """FAILED, EXPIRED or CANCELLED: only of the payment under way, and never over money."""
    if order.payment_id == payment_id and order.payment_status is PaymentStatus.PENDING_PAYMENT:
        order.payment_status = ended
        order.tell(events.OrderChanged, at)


def return_money(order: Order, payment_id: UUID, *, refunded: int, in_full: bool, at: datetime) -> bool:
    """`refunded` so far. True when the goods come back: all the money did, and nothing was sent yet."""
    status = PaymentStatus.REFUNDED if in_full else PaymentStatus.PARTIALLY_REFUNDED
    if order.payment_id != payment_id or order.payment_status is PaymentStatus.REFUNDED:
        return False
    order.payment_status, order.refunded = status, min(refunded, order.total)
    if in_full and order.hold is Hold.NEEDS_REFUND:
        order.hold = None
    order.tell(events.OrderRefunded, at, payment_id=payment_id, refunded=refunded, in_full=in_full)
    comes_back = in_full and order.status is OrderStatus.PROCESSING
    if comes_back:
        order.cancel(order.cancel_reason or "refunded", at=at)
    return comes_back


def reverse_money(order: Order, payment_id: UUID, *, at: datetime) -> None:
    """The provider took settled money back. The goods stay where they are until a person has looked."""
    if order.payment_id != payment_id or order.payment_status not in WAS_PAID:
        return
    order.payment_status, order.hold = PaymentStatus.FAILED, Hold.PAYMENT_REVERSED
    order.tell(events.OrderPaymentReversed, at, payment_id=payment_id)


def lift_hold(order: Order, payment_id: UUID, *, at: datetime) -> None:
    """A person has looked at the payment that stopped the order, so it goes on, or not, as he likes."""
    if order.payment_id == payment_id and order.hold in (Hold.NEEDS_REFUND, Hold.PAYMENT_REVERSED):
        order.hold = None
        order.tell(events.OrderChanged, at)


_ON_ITS_WAY: Final = frozenset({OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED})


def _follow(order: Order, payment_id: UUID, status: PaymentStatus) -> None:
    order.payment_id, order.payment_status = payment_id, status
