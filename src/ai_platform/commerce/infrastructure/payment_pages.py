"""Payments page by page: two questions a page, however many payments and refunds there are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.application.payment_queries import PaymentView
from ai_platform.commerce.domain.refund import Refund
from ai_platform.commerce.infrastructure.payment_rows import payment_of, refund_of
from ai_platform.commerce.infrastructure.payment_tables import payment_refunds, payments
from ai_platform.runtime.db import Database

_FLAGGED = text("flags <> '[]'::jsonb")
"""In the words of the partial index."""


@dataclass(frozen=True, slots=True)
class SqlPaymentPages:
    """Implements `payment_queries.PaymentPages`. What was observed of each is left out."""

    database: Database

    async def page(
        self, tenant_id: UUID | None, *, flagged: bool, before: UUID | None, limit: int
    ) -> Sequence[PaymentView]:
        wanted = select(payments)
        if tenant_id is not None:
            wanted = wanted.where(payments.c.tenant_id == tenant_id)
        if flagged:
            wanted = wanted.where(_FLAGGED)
        if before is not None:
            wanted = wanted.where(payments.c.id < before)
        async with self.database.transaction(tenant_id) as connection:
            rows = (await connection.execute(wanted.order_by(payments.c.id.desc()).limit(limit))).all()
            refunds = await _refunds_of(connection, [row.id for row in rows])
        return [PaymentView(payment_of(row, ()), refunds[row.id]) for row in rows]


async def _refunds_of(connection: AsyncConnection, payment_ids: Sequence[UUID]) -> defaultdict[UUID, list[Refund]]:
    found: defaultdict[UUID, list[Refund]] = defaultdict(list)
    wanted = select(payment_refunds).where(payment_refunds.c.payment_id.in_(payment_ids))
    for row in await connection.execute(wanted.order_by(payment_refunds.c.id)):
        found[row.payment_id].append(refund_of(row))
    return found
