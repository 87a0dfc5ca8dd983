"""One attempt to be paid for an order, at one provider."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from ai_platform.commerce.domain.observation import Observation, Source, Standing
from ai_platform.commerce.domain.order_status import HAS_MONEY, PaymentStatus
from ai_platform.commerce.domain.payment_errors import NothingToRefund, PaymentNotOpen
from ai_platform.commerce.domain.payment_events import PaymentFlagged, PaymentOpened
from ai_platform.commerce.domain.settlement import ENDED, LIVE, Flag, Settlement, settle
from ai_platform.kernel.aggregate import Aggregate
from ai_platform.kernel.money import Money

REFERENCE_MAX: Final = 50
"""The shortest limit of the providers: Midtrans' `order_id`."""


class Method(StrEnum):
    """What the customer would like to pay with; the provider offers all it has when nobody said."""

    BANK_TRANSFER = "bank_transfer"
    EWALLET = "ewallet"
    QRIS = "qris"
    CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayLink:
    """Where the customer pays. `provider_id` is the provider's own name for it, where it has one."""

    url: str
    provider_id: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an observation changed: nothing, when it said what was known."""

    before: PaymentStatus
    after: PaymentStatus
    received_more: int = 0
    refunded_more: int = 0
    new_flags: frozenset[Flag] = frozenset()

    @property
    def became_paid(self) -> bool:
        return self.received_more > 0

    @property
    def ended_unpaid(self) -> bool:
        return self.before in LIVE and self.after in ENDED

    @property
    def is_reversal(self) -> bool:
        return self.before in HAS_MONEY and self.after is PaymentStatus.FAILED


@dataclass(eq=False, kw_only=True)
class Payment(Aggregate):
    """`reference` is how the provider knows it: unique, and made of the order's number and the attempt.

    `wish` is the method asked for, `method` the one that the provider told. `reason` says why it failed.
    """

    id: UUID
    tenant_id: UUID
    order_id: UUID
    provider: str
    attempt: int
    reference: str
    amount: Money
    wish: Method | None = None
    status: PaymentStatus = PaymentStatus.PENDING
    url: str | None = None
    provider_id: str | None = None
    method: str | None = None
    va_number: str | None = None
    qr: str | None = None
    received: int = 0
    refunded: int = 0
    flags: frozenset[Flag] = frozenset()
    reason: str | None = None
    expires_at: datetime
    paid_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1
    observations: list[Observation] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def refundable(self) -> int:
        return self.received - self.refunded if self.status in HAS_MONEY else 0

    @property
    def surplus(self) -> int:
        """What is with us beyond the amount that was asked for: it was paid more than once."""
        return max(0, self.received - self.refunded - self.amount.amount)

    @property
    def returned(self) -> int:
        """Of the amount that was asked for, what went back: a surplus goes first."""
        return max(0, self.refunded - max(0, self.received - self.amount.amount))

    def open(self, link: PayLink, at: datetime) -> None:
        """The provider has it: the customer may pay. Heard twice, the second link is dropped: both lead to one."""
        if self.status is not PaymentStatus.PENDING:
            return
        self.status, self.url, self.provider_id = PaymentStatus.PENDING_PAYMENT, link.url, link.provider_id
        if link.expires_at is not None:
            self.expires_at = min(self.expires_at, link.expires_at)
        self._touch(at)
        self.record(
            PaymentOpened(
                occurred_at=at, tenant_id=self.tenant_id, payment_id=self.id, order_id=self.order_id, url=link.url
            )
        )

    def refuse(self, reason: str, at: datetime) -> None:
        """The provider will not have it, for good. Raises PaymentNotOpen when it was opened meanwhile."""
        if self.status is not PaymentStatus.PENDING:
            raise PaymentNotOpen(self.id)
        self.status, self.reason = PaymentStatus.FAILED, reason[:500]
        self._touch(at)

    def observe(self, seen: Sequence[Observation], at: datetime) -> Change:
        """Keep what is new and compute what it makes of the payment. What is known already changes nothing."""
        fresh = self._fresh(seen)
        if not fresh:
            return Change(before=self.status, after=self.status)
        known = len(self.observations)
        self.observations.extend(fresh)
        change = self._follow(settle(self.observations, self.amount), known)
        self._tell(change.new_flags, at)
        if change.became_paid and self.paid_at is None:
            self.paid_at = at
        self._remember(fresh)
        self._touch(at)
        return change

    def end(self, how: Standing, source: Source, at: datetime) -> Change:
        """Nobody may pay it any more, as far as we are concerned. Money that comes all the same is still recorded."""
        if not self.is_live:
            return Change(before=self.status, after=self.status)
        return self.observe([Observation(transaction_id="", standing=how, source=source, occurred_at=at)], at)

    def needs_refund(self, at: datetime) -> None:
        """The money came and what it was for is gone."""
        if Flag.NEEDS_REFUND not in self.flags:
            self.flags |= {Flag.NEEDS_REFUND}
            self._tell({Flag.NEEDS_REFUND}, at)
        self._touch(at)

    def review(self, at: datetime) -> None:
        """A person has looked: what it was flagged for needs nobody any more."""
        if self.flags:
            self.flags = frozenset()
            self._touch(at)

    def refund_by_hand(self, amount: int, key: str, at: datetime) -> Change:
        """The shop gave it back outside of the provider. Raises NothingToRefund."""
        if not 0 < amount <= self.refundable:
            raise NothingToRefund(self.refundable, self.amount.currency)
        given = Observation(
            transaction_id=key, standing=Standing.REFUNDED, source=Source.HAND, refunded=amount, occurred_at=at
        )
        return self.observe([given], at)

    def _follow(self, settlement: Settlement, known: int) -> Change:
        """Only opening it makes it open: a page that the provider still has revives nothing that ended here.

        What was flagged for one of the first `known` observations is flagged already, or a person has looked at it.
        """
        before, received, refunded, flags = self.status, self.received, self.refunded, self.flags
        if settlement.status not in (None, PaymentStatus.PENDING_PAYMENT):
            self.status = settlement.status
        self.received, self.refunded = settlement.received, settlement.refunded
        self.paid_at = settlement.paid_at or self.paid_at
        self.flags |= {flag for flag, place in settlement.raised.items() if place >= known}
        if self.refundable == 0:
            self.flags -= {Flag.NEEDS_REFUND}
        if self.surplus == 0:
            self.flags -= {Flag.PAID_TWICE}
        return Change(
            before=before,
            after=self.status,
            received_more=max(0, self.received - received),
            refunded_more=max(0, self.refunded - refunded),
            new_flags=self.flags - flags,
        )

    def _remember(self, fresh: Sequence[Observation]) -> None:
        """What the customer chose at the provider's page, so that we can tell him what to do."""
        for one in fresh:
            self.method = one.method or self.method
            self.va_number = one.va_number or self.va_number
            self.qr = one.qr or self.qr

    def _tell(self, flags: Set[Flag], at: datetime) -> None:
        for flag in sorted(flags):
            self.record(
                PaymentFlagged(
                    occurred_at=at,
                    tenant_id=self.tenant_id,
                    payment_id=self.id,
                    order_id=self.order_id,
                    flag=flag.value,
                )
            )

    def is_news(self, seen: Sequence[Observation]) -> bool:
        return bool(self._fresh(seen))

    def _fresh(self, seen: Sequence[Observation]) -> list[Observation]:
        known = {(one.transaction_id, one.source): one for one in self.observations}
        return [one for one in seen if known.get((one.transaction_id, one.source)) != one]

    def _touch(self, at: datetime) -> None:
        self.updated_at = at
