"""Money received is money received: what a payment's status is, computed from everything that was observed of it.

Waiting gives way to any end, every end to paid, and paid to refunded, in whatever order they were heard. Only one thing
takes a payment back: a provider that denies what it had called paid.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from ai_platform.commerce.domain.observation import Observation, Source, Standing
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.kernel.money import Money

LIVE: Final = frozenset({PaymentStatus.PENDING, PaymentStatus.PENDING_PAYMENT})
"""PENDING: decided, and not yet known to be with the provider. PENDING_PAYMENT: the customer may pay."""
ENDED: Final = frozenset({PaymentStatus.FAILED, PaymentStatus.EXPIRED, PaymentStatus.CANCELLED})


class Flag(StrEnum):
    """Why a person should look at a payment."""

    AMOUNT_DIFFERS = "amount_differs"
    PAID_TWICE = "paid_twice"
    REVERSED = "reversed"
    NEEDS_REFUND = "needs_refund"


_ENDS: Final = {
    Standing.DENIED: PaymentStatus.FAILED,
    Standing.FAILED: PaymentStatus.FAILED,
    Standing.EXPIRED: PaymentStatus.EXPIRED,
    Standing.CANCELLED: PaymentStatus.CANCELLED,
}
_STRONGEST_FIRST: Final = (PaymentStatus.CANCELLED, PaymentStatus.EXPIRED, PaymentStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """`status` is None while nothing that was observed decides it; `received` and `refunded` are minor units.

    `raised`: which observation, counted from 0, was the last that made each flag.
    """

    status: PaymentStatus | None = None
    received: int = 0
    refunded: int = 0
    paid_at: datetime | None = None
    raised: Mapping[Flag, int] = field(default_factory=dict, compare=False)

    @property
    def flags(self) -> frozenset[Flag]:
        return frozenset(self.raised)


@dataclass(slots=True)
class _Course:
    """One transaction of the provider's, as it went."""

    paid: bool = False
    paid_at: datetime | None = None
    refunded: int = 0
    reversed: bool = False
    voided: bool = False
    waiting: bool = False
    end: PaymentStatus | None = None

    def follow(self, seen: Observation, due: Money) -> bool:
        """False for money that is not what we asked for: it pays nothing, and stands in no later payment's way."""
        if seen.standing in (Standing.PAID, Standing.REFUNDED):
            if not self.paid and seen.amount != due:
                return False
            self.paid, self.reversed, self.voided = True, False, False
            self.paid_at = self.paid_at or seen.occurred_at
            self.refunded = max(self.refunded, seen.refunded)
        elif seen.standing is Standing.WAITING:
            self.waiting = True
        elif seen.standing is Standing.DENIED and self.paid:
            self.reversed = True
        else:
            self.end = strongest({self.end, _ENDS[seen.standing]})
            self.voided |= self.paid and seen.standing is Standing.CANCELLED and seen.source is Source.PROVIDER
        return True


@dataclass(slots=True)
class _Courses:
    by_id: dict[str, _Course] = field(default_factory=dict)
    raised: dict[Flag, int] = field(default_factory=dict)

    @property
    def paid(self) -> list[_Course]:
        return [one for one in self.by_id.values() if one.paid and not one.reversed]

    @property
    def taken_back(self) -> int:
        """Denied or cancelled at the provider after they were paid. A cancelled one still counts as paid."""
        return sum(one.reversed or one.voided for one in self.by_id.values())

    def follow(self, place: int, seen: Observation, due: Money) -> None:
        paid, taken_back = len(self.paid), self.taken_back
        if not self.by_id.setdefault(seen.transaction_id, _Course()).follow(seen, due):
            self.raised[Flag.AMOUNT_DIFFERS] = place
        if len(self.paid) > max(paid, 1):
            self.raised[Flag.PAID_TWICE] = place
        if self.taken_back > taken_back:
            self.raised[Flag.REVERSED] = place

    def flags(self) -> dict[Flag, int]:
        """Those that still hold."""
        over = ({Flag.PAID_TWICE} if len(self.paid) < 2 else set()) | (set() if self.taken_back else {Flag.REVERSED})
        return {flag: place for flag, place in self.raised.items() if flag not in over}


def settle(observations: Sequence[Observation], due: Money) -> Settlement:
    """Everything observed of one payment, oldest first, against the amount that was asked for."""
    courses = _Courses()
    by_hand = sum(one.refunded for one in observations if one.source is Source.HAND)
    for place, seen in enumerate(observations):
        if seen.source is not Source.HAND:
            courses.follow(place, seen, due)
    paid = courses.paid
    if not paid:
        return Settlement(status=_of_none(list(courses.by_id.values())), raised=courses.flags())
    received, refunded = due.amount * len(paid), by_hand + sum(one.refunded for one in paid)
    return Settlement(
        status=_of_money(received - refunded, due.amount),
        received=received,
        refunded=refunded,
        paid_at=min((one.paid_at for one in paid if one.paid_at), default=None),
        raised=courses.flags(),
    )


def _of_money(kept: int, due: int) -> PaymentStatus:
    if kept <= 0:
        return PaymentStatus.REFUNDED
    return PaymentStatus.PARTIALLY_REFUNDED if kept < due else PaymentStatus.PAID


def _of_none(courses: Sequence[_Course]) -> PaymentStatus | None:
    """Without money: open while one transaction is; a reversal is a failure; else the strongest end of all."""
    if any(one.reversed for one in courses):
        return PaymentStatus.FAILED
    if any(one.waiting and one.end is None for one in courses):
        return PaymentStatus.PENDING_PAYMENT
    return strongest({one.end for one in courses})


def strongest(ends: Set[PaymentStatus | None]) -> PaymentStatus | None:
    """So that the same facts make the same end, whichever was heard first."""
    return next((end for end in _STRONGEST_FIRST if end in ends), None)
