"""What is asked about payments outside of any work on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from ai_platform.commerce.application.payment_ports import Payer
from ai_platform.commerce.application.payment_work import LEASE, Look
from ai_platform.commerce.domain.refund import Refund
from ai_platform.commerce.infrastructure.payment_store import SqlRefunds, look_at
from ai_platform.commerce.infrastructure.payment_tables import payments
from ai_platform.runtime.db import Database

_PAYER = text(
    """
    SELECT customers.name, customers.email, customers.phone_number
    FROM orders JOIN customers ON customers.id = orders.customer_id AND customers.tenant_id = orders.tenant_id
    WHERE orders.id = :order_id AND orders.tenant_id = :tenant_id
    """
)
_CLAIM = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM payments WHERE check_at <= now() ORDER BY check_at LIMIT :most
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE payments SET check_at = clock_timestamp() + make_interval(secs => :lease) FROM due
    WHERE payments.id = due.id RETURNING payments.tenant_id, payments.id
    """
)


@dataclass(frozen=True, slots=True)
class SqlPaymentReads:
    """Implements `payment_work.PaymentReads`."""

    database: Database

    async def look(self, tenant_id: UUID, payment_id: UUID) -> Look | None:
        async with self.database.transaction(tenant_id) as connection:
            return await look_at(connection, tenant_id, payment_id)

    async def refunds_of(self, tenant_id: UUID, payment_id: UUID) -> Sequence[Refund]:
        async with self.database.transaction(tenant_id) as connection:
            return await SqlRefunds(connection, tenant_id).of_payment(payment_id)

    async def tenant_of(self, payment_id: UUID) -> UUID | None:
        async with self.database.transaction(None) as connection:
            found: UUID | None = await connection.scalar(
                select(payments.c.tenant_id).where(payments.c.id == payment_id)
            )
            return found

    async def payer_of(self, tenant_id: UUID, order_id: UUID) -> Payer:
        async with self.database.transaction(tenant_id) as connection:
            row = (await connection.execute(_PAYER, {"order_id": order_id, "tenant_id": tenant_id})).one_or_none()
            return Payer() if row is None else Payer(name=row.name, email=row.email, phone=row.phone_number)


@dataclass(frozen=True, slots=True)
class SqlDuePayments:
    """Implements `payment_work.DuePayments`, over all tenants."""

    database: Database

    async def claim(self, most: int) -> Sequence[tuple[UUID, UUID]]:
        async with self.database.transaction(None) as connection:
            rows = await connection.execute(_CLAIM, {"most": most, "lease": LEASE.total_seconds()})
            return [(row.tenant_id, row.id) for row in rows]
