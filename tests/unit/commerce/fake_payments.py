"""Payments in memory, with a clock for the schedule that moves by itself, as the database's does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ai_platform.commerce.application.payment_ports import Notice, Payer
from ai_platform.commerce.application.payment_work import LEASE, OPENING, Look
from ai_platform.commerce.domain.looking import put_off
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment import Payment
from ai_platform.commerce.domain.payment_errors import PaymentNotFound
from ai_platform.commerce.domain.refund import Refund
from ai_platform.kernel.ids import new_id
from tests.unit.memory import FakeAnswers, Given, Memory


@dataclass
class Plan:
    """When a payment is looked at."""

    check_at: datetime | None
    opening_until: datetime
    noticed_at: datetime | None = None
    checks: int = 0
    called_off: bool = False


@dataclass
class PaymentRows:
    payments: dict[UUID, Payment] = field(default_factory=dict)
    plans: dict[UUID, Plan] = field(default_factory=dict)
    refunds: dict[UUID, Refund] = field(default_factory=dict)
    notices: list[tuple[UUID | None, Notice]] = field(default_factory=list)
    answers: Given = field(default_factory=dict)


class NoOrders:
    """In place of `Fulfilling`, which has rows of its own: whatever is asked of it is done."""

    def __getattr__(self, name: str) -> Any:
        async def done(*_: object, **__: object) -> None: ...

        return done


class FakePaymentWork:
    """Implements `payment_work.PaymentWork`."""

    def __init__(self, rows: PaymentRows, tenant_id: UUID, orders: Any) -> None:
        self.payments = FakePayments(rows, tenant_id)
        self.schedule = FakeSchedule(rows)
        self.refunds = FakeRefunds(rows, tenant_id)
        self.answers = FakeAnswers(rows.answers, tenant_id)
        self.orders = orders


class FakePaymentTransactions:
    """Implements `payment_work.PaymentTransactions`, `PaymentReads`, `DuePayments` and `Notices`."""

    def __init__(self, orders: Any = None) -> None:
        self._memory = Memory(PaymentRows(), lambda rows, tenant: FakePaymentWork(rows, tenant, orders or NoOrders()))

    @property
    def rows(self) -> PaymentRows:
        return self._memory.rows

    def keep(self, payment: Payment) -> None:
        """As if it had been begun long ago."""
        self.rows.payments[payment.id] = payment
        self.rows.plans[payment.id] = Plan(check_at=None, opening_until=payment.created_at)

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID) -> AsyncIterator[FakePaymentWork]:
        async with self._memory(tenant_id) as work:
            yield work

    async def look(self, tenant_id: UUID, payment_id: UUID) -> Look | None:
        now, payment = _now(), self.rows.payments.get(payment_id)
        if payment is None or payment.tenant_id != tenant_id:
            return None
        return Look(deepcopy(payment), now, self.rows.plans[payment_id].called_off)

    async def refunds_of(self, tenant_id: UUID, payment_id: UUID) -> Sequence[Refund]:
        return await FakeRefunds(self.rows, tenant_id).of_payment(payment_id)

    async def tenant_of(self, payment_id: UUID) -> UUID | None:
        payment = self.rows.payments.get(payment_id)
        return payment.tenant_id if payment else None

    async def payer_of(self, tenant_id: UUID, order_id: UUID) -> Payer:
        del tenant_id, order_id
        return Payer()

    async def claim(self, most: int) -> Sequence[tuple[UUID, UUID]]:
        now = _now()
        due = sorted(
            (plan.check_at, one) for one, plan in self.rows.plans.items() if plan.check_at and plan.check_at <= now
        )
        for _, payment_id in due[:most]:
            self.rows.plans[payment_id].check_at = now + LEASE
        return [(self.rows.payments[one].tenant_id, one) for _, one in due[:most]]

    async def payment_of(self, provider: str, reference: str, tenant_id: UUID | None) -> tuple[UUID, UUID] | None:
        for one in self.rows.payments.values():
            if (one.provider, one.reference) == (provider, reference) and tenant_id in (None, one.tenant_id):
                return one.tenant_id, one.id
        return None

    async def store(
        self, provider: str, notice: Notice, *, tenant_id: UUID | None, reference: str | None, payment_id: UUID | None
    ) -> UUID:
        del provider, tenant_id, reference
        self.rows.notices.append((payment_id, notice))
        if payment_id is not None:
            plan = self.rows.plans[payment_id]
            plan.noticed_at = plan.check_at = _now()
        return new_id()


@dataclass
class FakePayments:
    """Implements `payment_work.Payments`."""

    rows: PaymentRows
    tenant_id: UUID
    _read: dict[UUID, Payment] = field(default_factory=dict)

    async def get(self, payment_id: UUID) -> Payment:
        return await self.look(payment_id)

    async def look(self, payment_id: UUID) -> Payment:
        payment = self.rows.payments.get(payment_id)
        if payment is None or payment.tenant_id != self.tenant_id:
            raise PaymentNotFound(payment_id)
        self._read[payment_id] = payment
        return deepcopy(payment)

    async def of_order(self, order_id: UUID) -> Sequence[Payment]:
        ours = [one for one in self.rows.payments.values() if one.tenant_id == self.tenant_id]
        found = [deepcopy(one) for one in ours if one.order_id == order_id]
        return sorted(found, key=lambda one: one.attempt, reverse=True)

    async def add(self, payment: Payment) -> None:
        until = _now() + OPENING
        self.rows.plans[payment.id] = Plan(check_at=until, opening_until=until)
        self._keep(payment)

    async def save(self, payment: Payment) -> None:
        del self._read[payment.id]  # as PostgreSQL's, which knows how many observations it has
        payment.version += 1
        self._keep(payment)

    def _keep(self, payment: Payment) -> None:
        payment.take_events()
        self._read[payment.id] = payment
        self.rows.payments[payment.id] = deepcopy(payment)


@dataclass
class FakeSchedule:
    """Implements `payment_work.Schedule`."""

    rows: PaymentRows

    async def looked(self, payment_id: UUID, *, asked_at: datetime, next_at: datetime | None) -> None:
        plan = self.rows.plans[payment_id]
        is_news = plan.noticed_at is not None and plan.noticed_at > asked_at
        plan.checks, plan.check_at = 0, _now() if is_news else next_at

    async def put_off(self, payment_id: UUID) -> None:
        plan = self.rows.plans[payment_id]
        plan.checks += 1
        plan.check_at = _now() + put_off(plan.checks)

    async def soon(self, payment_id: UUID) -> None:
        self.rows.plans[payment_id].check_at = _now() + OPENING

    async def call_off(self, payment_id: UUID) -> None:
        plan = self.rows.plans[payment_id]
        plan.called_off, plan.check_at = True, _now()

    async def take_opening(self, payment_id: UUID) -> bool:
        plan, now = self.rows.plans[payment_id], _now()
        free = self.rows.payments[payment_id].status is PaymentStatus.PENDING and plan.opening_until <= now
        if free:
            plan.opening_until = now + OPENING
        return free

    async def leave_opening(self, payment_id: UUID) -> None:
        self.rows.plans[payment_id].opening_until = _now()


@dataclass
class FakeRefunds:
    """Implements `payment_work.Refunds`."""

    rows: PaymentRows
    tenant_id: UUID

    async def add(self, refund: Refund) -> None:
        self.rows.refunds[refund.id] = deepcopy(refund)

    async def get(self, refund_id: UUID) -> Refund:
        return deepcopy(self.rows.refunds[refund_id])

    async def of_payment(self, payment_id: UUID) -> Sequence[Refund]:
        ours = [one for one in self.rows.refunds.values() if one.tenant_id == self.tenant_id]
        return [deepcopy(one) for one in sorted(ours, key=lambda one: one.id) if one.payment_id == payment_id]

    async def save(self, refund: Refund) -> None:
        self.rows.refunds[refund.id] = deepcopy(refund)


def _now() -> datetime:
    return datetime.now(UTC)
