"""Orders as they are shown: three questions a page, however many orders and lines there are."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.application.order_ports import OrderFilter
from ai_platform.commerce.application.order_views import OrderView, view_of
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.commerce.infrastructure.order_repository import lines_of, order_of
from ai_platform.commerce.infrastructure.order_tables import orders
from ai_platform.commerce.infrastructure.payment_views import payments_of
from ai_platform.runtime.batching import Batcher
from ai_platform.runtime.db import Database

_TENANTS = select(orders.c.id, orders.c.tenant_id).where(orders.c.id.in_(bindparam("wanted", expanding=True)))


class SqlOrderReads:
    """Implements `order_ports.OrderReads`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._tenants = Batcher(self._tenants_of)

    async def idle(self) -> None:
        """Returns when nothing is being asked together with others."""
        await self._tenants.idle()

    async def get(self, tenant_id: UUID, order_id: UUID) -> OrderView | None:
        async with self.database.transaction(tenant_id) as connection:
            found = await _ids(connection, tenant_id, [order_id])
        return found[0] if found else None

    async def page(
        self, tenant_id: UUID, where: OrderFilter, *, before: UUID | None, limit: int
    ) -> Sequence[OrderView]:
        wanted = select(orders.c.id).where(orders.c.tenant_id == tenant_id)
        if where.status is not None:
            wanted = wanted.where(orders.c.status == where.status.value)
        if where.customer_id is not None:
            wanted = wanted.where(orders.c.customer_id == where.customer_id)
        if where.conversation_id is not None:
            wanted = wanted.where(orders.c.conversation_id == where.conversation_id)
        if before is not None:
            wanted = wanted.where(orders.c.id < before)
        async with self.database.transaction(tenant_id) as connection:
            ids = (await connection.scalars(wanted.order_by(orders.c.id.desc()).limit(limit))).all()
            return await _ids(connection, tenant_id, ids)

    async def tenant_of(self, order_id: UUID) -> UUID | None:
        return await self._tenants(order_id)

    async def overdue(self, at: datetime, *, most: int) -> Sequence[tuple[UUID, UUID]]:
        due = (
            select(orders.c.tenant_id, orders.c.id)
            .where(orders.c.status == OrderStatus.CONFIRMED.value, orders.c.expires_at <= at)
            .order_by(orders.c.expires_at)
            .limit(most)
        )
        async with self.database.transaction(None) as connection:
            return [(row.tenant_id, row.id) for row in await connection.execute(due)]

    async def _tenants_of(self, order_ids: Sequence[UUID]) -> Sequence[UUID | None]:
        async with self.database.transaction(None) as connection:
            rows = await connection.execute(_TENANTS, {"wanted": list(order_ids)})
            found = {row.id: row.tenant_id for row in rows}
        return [found.get(order_id) for order_id in order_ids]


async def _ids(connection: AsyncConnection, tenant_id: UUID, ids: Sequence[UUID]) -> Sequence[OrderView]:
    if not ids:
        return ()
    wanted = select(orders).where(orders.c.tenant_id == tenant_id, orders.c.id.in_(ids)).order_by(orders.c.id.desc())
    rows = (await connection.execute(wanted)).all()
    lines = await lines_of(connection, [row.id for row in rows])
    paying = await payments_of(connection, [row.id for row in rows])
    return [view_of(order_of(row, lines.get(row.id, ())), paying.get(row.id)) for row in rows]
