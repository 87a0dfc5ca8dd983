"""What customers have bought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from ai_platform.commerce.contracts.api import CustomerTotals
from ai_platform.commerce.domain.order_status import HAS_MONEY, OrderStatus
from ai_platform.commerce.infrastructure.order_tables import orders
from ai_platform.runtime.db import Database


@dataclass(frozen=True, slots=True)
class SqlPurchases:
    """Implements `ports.Purchases`: paid orders that were not cancelled, less what was given back."""

    database: Database

    async def totals(self, tenant_id: UUID, customer_ids: Sequence[UUID]) -> Mapping[UUID, CustomerTotals]:
        bought = (
            select(
                orders.c.customer_id,
                func.count().label("orders"),
                func.sum(orders.c.total - orders.c.refunded).label("spent"),
            )
            .where(
                orders.c.tenant_id == tenant_id,
                orders.c.customer_id.in_(customer_ids),
                orders.c.payment_status.in_([status.value for status in HAS_MONEY]),
                orders.c.status != OrderStatus.CANCELLED.value,
            )
            .group_by(orders.c.customer_id)
        )
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.execute(bought)
            return {row.customer_id: CustomerTotals(orders=row.orders, spent=int(row.spent)) for row in rows}
