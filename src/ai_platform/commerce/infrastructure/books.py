"""The books compared with each other, over all tenants."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from ai_platform.commerce.application.reconcile import Disagreements
from ai_platform.runtime.db import Database

_COUNT = text(
    """
    SELECT (
        SELECT count(*) FROM product_variants AS variant
        LEFT JOIN (
            SELECT variant_id, sum(quantity) AS held FROM stock_reservations WHERE status = 'held' GROUP BY variant_id
        ) AS reservation ON reservation.variant_id = variant.id
        WHERE variant.reserved <> coalesce(reservation.held, 0) OR variant.reserved > variant.stock
    ) AS variants, (
        SELECT count(*) FROM orders
        LEFT JOIN LATERAL (
            SELECT bool_or(received > 0 OR status = 'FAILED' AND paid_at IS NOT NULL) AS came,
                bool_or(status IN ('PAID', 'PARTIALLY_REFUNDED')) AS holds
            FROM payments WHERE payments.order_id = orders.id
        ) AS money ON true
        WHERE (orders.payment_status IN ('PAID', 'PARTIALLY_REFUNDED')) <> coalesce(money.holds, false)
            OR (orders.payment_status = 'REFUNDED' AND NOT coalesce(money.came, false))
    ) AS orders, (
        SELECT count(*) FROM orders
        LEFT JOIN LATERAL (
            SELECT sum(unit_price * quantity) AS lines FROM order_items WHERE order_items.order_id = orders.id
        ) AS bill ON true
        WHERE orders.total <> coalesce(bill.lines, 0) + orders.shipping_cost
    ) AS totals, (
        SELECT count(*) FROM payments
        WHERE status IN ('PENDING', 'PENDING_PAYMENT')
            AND (check_at IS NULL OR check_at < now() - make_interval(mins => 5))
    ) AS overdue, (
        SELECT count(*) FROM payment_quarantine WHERE resolved_at IS NULL
    ) AS quarantined, (
        SELECT count(*) FROM payments WHERE flags <> '[]'::jsonb AND status <> 'REFUNDED'
    ) AS flagged
    """
)
_OPEN = text(
    """
    SELECT tenant_id, id FROM payments
    WHERE (cast(:after AS uuid) IS NULL OR id > :after)
        AND (status = 'PENDING_PAYMENT' OR (status <> 'PENDING' AND updated_at > now() - make_interval(days => 2)))
    ORDER BY id LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class SqlBooks:
    """Implements `reconcile.Books`. It counts everything once: for an hourly job, not for a request in a hurry."""

    database: Database

    async def disagreements(self) -> Disagreements:
        async with self.database.transaction(None) as connection:
            row = (await connection.execute(_COUNT)).one()
            return Disagreements(**row._mapping)

    async def open_payments(self, *, after: UUID | None, most: int) -> Sequence[tuple[UUID, UUID]]:
        async with self.database.transaction(None) as connection:
            rows = await connection.execute(_OPEN, {"after": after, "most": most})
            return [(row.tenant_id, row.id) for row in rows]
