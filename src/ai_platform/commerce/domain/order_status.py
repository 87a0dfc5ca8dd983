"""Where an order stands, on two axes that are never one: what is done with the goods, and what became of the money."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class OrderStatus(StrEnum):
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"


class PaymentStatus(StrEnum):
    """PENDING also of an order that no payment was ever made for."""

    PENDING = "PENDING"
    PENDING_PAYMENT = "PENDING_PAYMENT"
    PAID = "PAID"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"


class Hold(StrEnum):
    """Why nothing is sent for now: a person, or a refund under way, has to end it."""

    CANCELLING = "cancelling"
    NEEDS_REFUND = "needs_refund"
    PAYMENT_REVERSED = "payment_reversed"


STEPS: Final[Mapping[OrderStatus, tuple[OrderStatus, ...]]] = {
    OrderStatus.PENDING: (OrderStatus.CONFIRMED, OrderStatus.CANCELLED),
    OrderStatus.CONFIRMED: (OrderStatus.PROCESSING, OrderStatus.CANCELLED),
    OrderStatus.PROCESSING: (OrderStatus.SHIPPED, OrderStatus.CANCELLED),
    OrderStatus.SHIPPED: (OrderStatus.DELIVERED,),
    OrderStatus.DELIVERED: (),
    OrderStatus.CANCELLED: (),
}

HAS_MONEY: Final = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED})
"""The customer's money, or a part of it, is with us."""
WAS_PAID: Final = HAS_MONEY | {PaymentStatus.REFUNDED}
