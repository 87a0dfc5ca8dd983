"""What a payment provider says of one transaction, in our words. A payment is what was observed of it, and no more."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ai_platform.kernel.money import Money


class Standing(StrEnum):
    """WAITING: nothing was paid yet, or a card payment is still under the provider's review."""

    WAITING = "waiting"
    PAID = "paid"
    REFUNDED = "refunded"
    DENIED = "denied"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Source(StrEnum):
    """What made us look, or who says so where no provider does."""

    PROVIDER = "provider"
    CLOCK = "clock"
    SHOP = "shop"
    HAND = "hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """`transaction_id` is the provider's own: an attempt that expired may be paid by a later one, of another id.

    `amount` is what was asked for or paid, None where nobody says; `refunded` is all that went back so far, in minor
    units; `occurred_at` is the provider's clock.
    """

    transaction_id: str
    standing: Standing
    source: Source = Source.PROVIDER
    amount: Money | None = None
    refunded: int = 0
    occurred_at: datetime | None = None
    method: str | None = None
    va_number: str | None = None
    qr: str | None = None
