"""Payments and their refunds in PostgreSQL, within one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.application.payment_work import IN_HAND, OPENING, Look
from ai_platform.commerce.domain.looking import put_off
from ai_platform.commerce.domain.payment import Payment
from ai_platform.commerce.domain.payment_errors import PaymentNotFound
from ai_platform.commerce.domain.refund import Refund
from ai_platform.commerce.infrastructure.payment_rows import (
    event_row,
    payment_of,
    payment_row,
    refund_of,
    refund_row,
)
from ai_platform.commerce.infrastructure.payment_tables import payment_events, payment_refunds, payments

_NOW: Final = text("clock_timestamp()")
_LOOK: Final = select(payments, text("clock_timestamp() AS db_now"))
_LOOKED = text(
    """
    UPDATE payments SET checks = 0, check_at = CASE WHEN noticed_at > :asked_at THEN clock_timestamp()
        ELSE cast(:next_at AS timestamptz) END
    WHERE id = :id AND tenant_id = :tenant_id
    """
)
_TAKE_OPENING = text(
    """
    UPDATE payments SET opening_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = :id AND tenant_id = :tenant_id AND status = 'PENDING' AND opening_until <= clock_timestamp()
    RETURNING id
    """
)


@dataclass(frozen=True, slots=True)
class SqlPayments:
    """Implements `payment_work.Payments`. `touched` are the payments that were saved, for metrics and facts."""

    connection: AsyncConnection
    tenant_id: UUID
    touched: list[Payment] = field(default_factory=list)
    _kept: dict[UUID, int] = field(default_factory=dict)

    async def get(self, payment_id: UUID) -> Payment:
        query = select(payments).where(*self._is(payment_id)).with_for_update(key_share=True)
        return await self._one(query, payment_id)

    async def look(self, payment_id: UUID) -> Payment:
        return await self._one(select(payments).where(*self._is(payment_id)), payment_id)

    async def of_order(self, order_id: UUID) -> Sequence[Payment]:
        mine = (payments.c.order_id == order_id, payments.c.tenant_id == self.tenant_id)
        rows = (await self.connection.execute(select(payments).where(*mine).order_by(payments.c.attempt.desc()))).all()
        return [payment_of(row, await events_of(self.connection, row.id)) for row in rows]

    async def add(self, payment: Payment) -> None:
        opening = text("clock_timestamp() + make_interval(secs => :opening)")
        due = {"opening_until": opening, "check_at": opening}
        values = insert(payments).values({**payment_row(payment), **due})
        await self.connection.execute(values, {"opening": OPENING.total_seconds()})
        self._kept[payment.id] = 0
        await self._keep_events(payment)
        self.touched.append(payment)

    async def save(self, payment: Payment) -> None:
        payment.version += 1
        await self.connection.execute(update(payments).where(*self._is(payment.id)).values(payment_row(payment)))
        await self._keep_events(payment)
        self.touched.append(payment)

    async def _one(self, query: Any, payment_id: UUID) -> Payment:
        row = (await self.connection.execute(query)).one_or_none()
        if row is None:
            raise PaymentNotFound(payment_id)
        payment = payment_of(row, await events_of(self.connection, payment_id))
        self._kept[payment_id] = len(payment.observations)
        return payment

    async def _keep_events(self, payment: Payment) -> None:
        kept = self._kept[payment.id]
        rows = [event_row(payment, kept + number, one) for number, one in enumerate(payment.observations[kept:], 1)]
        if rows:
            await self.connection.execute(insert(payment_events), rows)
        self._kept[payment.id] = len(payment.observations)

    def _is(self, payment_id: UUID) -> tuple[Any, ...]:
        return payments.c.id == payment_id, payments.c.tenant_id == self.tenant_id


@dataclass(frozen=True, slots=True)
class SqlSchedule:
    """Implements `payment_work.Schedule`. None of it changes the payment, so none of it counts as a version."""

    connection: AsyncConnection
    tenant_id: UUID

    async def looked(self, payment_id: UUID, *, asked_at: datetime, next_at: datetime | None) -> None:
        values = {"id": payment_id, "tenant_id": self.tenant_id, "asked_at": asked_at, "next_at": next_at}
        await self.connection.execute(_LOOKED, values)

    async def put_off(self, payment_id: UUID) -> None:
        checks = select(payments.c.checks).where(*self._is(payment_id)).with_for_update(key_share=True)
        before = await self.connection.scalar(checks) or 0
        later = text("clock_timestamp() + make_interval(secs => :later)").bindparams(
            later=put_off(before + 1).total_seconds()
        )
        await self._set(payment_id, checks=min(before + 1, 1000), check_at=later)

    async def soon(self, payment_id: UUID) -> None:
        later = text("clock_timestamp() + make_interval(secs => :later)")
        await self._set(payment_id, check_at=later.bindparams(later=IN_HAND.total_seconds()))

    async def call_off(self, payment_id: UUID) -> None:
        await self._set(payment_id, called_off=True, check_at=_NOW)

    async def take_opening(self, payment_id: UUID) -> bool:
        values = {"id": payment_id, "tenant_id": self.tenant_id, "seconds": OPENING.total_seconds()}
        return (await self.connection.execute(_TAKE_OPENING, values)).first() is not None

    async def leave_opening(self, payment_id: UUID) -> None:
        await self._set(payment_id, opening_until=_NOW)

    async def _set(self, payment_id: UUID, **values: Any) -> None:
        await self.connection.execute(update(payments).where(*self._is(payment_id)).values(values))

    def _is(self, payment_id: UUID) -> tuple[Any, ...]:
        return payments.c.id == payment_id, payments.c.tenant_id == self.tenant_id


@dataclass(frozen=True, slots=True)
class SqlRefunds:
    """Implements `payment_work.Refunds`."""

    connection: AsyncConnection
    tenant_id: UUID

    async def add(self, refund: Refund) -> None:
        await self.connection.execute(insert(payment_refunds).values(refund_row(refund)))

    async def get(self, refund_id: UUID) -> Refund:
        mine = (payment_refunds.c.id == refund_id, payment_refunds.c.tenant_id == self.tenant_id)
        row = (await self.connection.execute(select(payment_refunds).where(*mine).with_for_update())).one()
        return refund_of(row)

    async def of_payment(self, payment_id: UUID) -> Sequence[Refund]:
        mine = (payment_refunds.c.payment_id == payment_id, payment_refunds.c.tenant_id == self.tenant_id)
        rows = await self.connection.execute(select(payment_refunds).where(*mine).order_by(payment_refunds.c.id))
        return [refund_of(row) for row in rows]

    async def save(self, refund: Refund) -> None:
        mine = (payment_refunds.c.id == refund.id, payment_refunds.c.tenant_id == self.tenant_id)
        await self.connection.execute(update(payment_refunds).where(*mine).values(refund_row(refund)))


async def events_of(connection: AsyncConnection, payment_id: UUID) -> Sequence[Any]:
    query = select(payment_events).where(payment_events.c.payment_id == payment_id).order_by(payment_events.c.seq)
    return (await connection.execute(query)).all()


async def look_at(connection: AsyncConnection, tenant_id: UUID, payment_id: UUID) -> Look | None:
    """The moment is read before the payment is, so that what is asked afterwards is newer than what is known."""
    mine = (payments.c.id == payment_id, payments.c.tenant_id == tenant_id)
    row = (await connection.execute(_LOOK.where(*mine))).one_or_none()
    if row is None:
        return None
    payment = payment_of(row, await events_of(connection, payment_id))
    return Look(payment, row.db_now, row.called_off)
