"""The shelf. Every change of it is one statement, which locks its rows in the order of their ids.

What a statement decides by and computes with, it reads from the rows that it has just locked. The row that an UPDATE
finds by itself may be the one from before the wait, and PostgreSQL checks constraints on that one, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Uuid

from ai_platform.commerce.application.confirming_ports import Taken
from ai_platform.commerce.domain.allotment import Shelved
from ai_platform.commerce.domain.order import Order
from ai_platform.kernel.ids import new_id

_TYPED: Final[dict[str, Any]] = {"lines": JSONB(), "variant_ids": ARRAY(Uuid())}


def _statement(*parts: str) -> TextClause:
    words = "".join(parts)
    typed = [bindparam(name, type_=of) for name, of in _TYPED.items() if f":{name}" in words]
    return text(words).bindparams(*typed)


_LOCKED: Final = """
    WITH wanted AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(:lines)
            AS line (id uuid, order_id uuid, variant_id uuid, quantity integer, unit_price bigint)
    ), locked AS MATERIALIZED (
        SELECT variant.id, variant.price, variant.stock, variant.reserved,
            variant.stock - variant.reserved AS available, variant.is_active AND product.is_active AS is_sold
        FROM product_variants AS variant
        JOIN products AS product ON product.id = variant.product_id
        WHERE variant.id = ANY(:variant_ids) AND variant.tenant_id = :tenant_id
        ORDER BY variant.id
        FOR NO KEY UPDATE OF variant
    ), asked AS MATERIALIZED (
        SELECT wanted.variant_id, sum(wanted.quantity) AS quantity,
            coalesce(bool_and(locked.is_sold AND locked.price = wanted.unit_price), false) AS is_agreed
        FROM wanted LEFT JOIN locked ON locked.id = wanted.variant_id
        GROUP BY wanted.variant_id
    ), enough AS MATERIALIZED (
        SELECT coalesce(
            bool_and(coalesce(locked.available, 0) >= asked.quantity AND (:agreed OR asked.is_agreed)), false
        ) AS of_all
        FROM asked LEFT JOIN locked ON locked.id = asked.variant_id
    )
"""
_LOOK = _statement(_LOCKED, "SELECT of_all FROM enough")
_RESERVE = _statement(
    _LOCKED,
    """
    , taken AS (
        UPDATE product_variants AS variant SET stock = locked.stock, reserved = locked.reserved + asked.quantity
        FROM asked JOIN locked ON locked.id = asked.variant_id CROSS JOIN enough
        WHERE variant.id = locked.id AND enough.of_all
    ), held AS (
        INSERT INTO stock_reservations (id, tenant_id, order_id, variant_id, quantity, status, created_at)
        SELECT wanted.id, :tenant_id, wanted.order_id, wanted.variant_id, wanted.quantity, 'held', :at
        FROM wanted CROSS JOIN enough WHERE enough.of_all
    )
    SELECT enough.of_all AS is_held, locked.id, locked.price, locked.available, locked.is_sold
    FROM enough LEFT JOIN locked ON true
    """,
)
"""`:agreed`: whatever it costs now, and even if it is not sold any more."""

_SETTLE: Final = """
    WITH mine AS MATERIALIZED (
        SELECT id, variant_id FROM stock_reservations
        WHERE order_id = :order_id AND tenant_id = :tenant_id AND {still}
    ), locked AS MATERIALIZED (
        SELECT variant.id, variant.stock, variant.reserved FROM product_variants AS variant
        WHERE variant.id IN (SELECT variant_id FROM mine)
        ORDER BY variant.id
        FOR NO KEY UPDATE
    ), settled AS (
        UPDATE stock_reservations AS reservation SET {becomes}
        FROM mine WHERE reservation.id = mine.id AND {still}
        RETURNING reservation.variant_id, reservation.quantity
    ), shelved AS (
        UPDATE product_variants AS variant SET {shelf}
        FROM settled JOIN locked ON locked.id = settled.variant_id
        WHERE variant.id = locked.id
    )
"""
_MOVE: Final = """
    INSERT INTO stock_moves (id, tenant_id, variant_id, delta, kind, order_id, actor, created_at)
    SELECT line.id, :tenant_id, settled.variant_id, {sign} settled.quantity, '{kind}', :order_id, 'order', :at
    FROM settled JOIN jsonb_to_recordset(:lines) AS line (id uuid, variant_id uuid) USING (variant_id)
"""
_CONSUME = _statement(
    _SETTLE.format(
        still="status = 'held'",
        becomes="status = 'consumed', settled_at = :at",
        shelf="stock = locked.stock - settled.quantity, reserved = locked.reserved - settled.quantity",
    ),
    _MOVE.format(sign="-", kind="sold"),
)
_RELEASE = _statement(
    _SETTLE.format(
        still="status = 'held'",
        becomes="status = 'released', settled_at = :at",
        shelf="stock = locked.stock, reserved = locked.reserved - settled.quantity",
    ),
    "SELECT count(*) FROM settled",
)
_RETURN = _statement(
    _SETTLE.format(
        still="status = 'consumed' AND returned_at IS NULL",
        becomes="returned_at = :at",
        shelf="stock = locked.stock + settled.quantity, reserved = locked.reserved",
    ),
    _MOVE.format(sign="+", kind="returned"),
)


@dataclass(frozen=True, slots=True)
class SqlStock:
    """Implements `order_ports.Stock` and `confirming_ports.Goods`.

    The orders' own rows are locked, so nobody else settles their reservations.
    """

    connection: AsyncConnection
    tenant_id: UUID

    async def reserve(self, orders: Sequence[Order], *, at: datetime) -> Taken:
        return await self._reserve(orders, at, agreed=False)

    async def consume(self, order: Order, *, at: datetime) -> None:
        await self.connection.execute(_CONSUME, self._of(order, at) | {"lines": _rows(order)})

    async def give_back(self, order: Order, *, at: datetime) -> None:
        await self.connection.execute(_RETURN, self._of(order, at) | {"lines": _rows(order)})
        await self.connection.execute(_RELEASE, self._of(order, at))

    async def take_again(self, order: Order, *, at: datetime) -> bool:
        look = self._wanted([order]) | {"agreed": True}
        if not await self.connection.scalar(_LOOK, look):
            return False
        await self._reserve([order], at, agreed=True)
        await self.consume(order, at=at)
        return True

    async def _reserve(self, orders: Sequence[Order], at: datetime, *, agreed: bool) -> Taken:
        given = self._wanted(orders) | {"at": at, "agreed": agreed}
        rows = (await self.connection.execute(_RESERVE, given)).all()
        shelf = {
            row.id: Shelved(price=row.price, available=row.available, is_sold=row.is_sold)
            for row in rows
            if row.id is not None
        }
        return Taken(all(row.is_held for row in rows), shelf)

    def _wanted(self, orders: Sequence[Order]) -> dict[str, Any]:
        variant_ids = {line.variant_id for order in orders for line in order.lines}
        lines = [row for order in orders for row in _rows(order)]
        return {"tenant_id": self.tenant_id, "lines": lines, "variant_ids": sorted(variant_ids)}

    def _of(self, order: Order, at: datetime) -> dict[str, Any]:
        return {"tenant_id": self.tenant_id, "order_id": order.id, "at": at}


def _rows(order: Order) -> list[dict[str, Any]]:
    """Each with the id of the row that may come of it."""
    return [
        {
            "id": str(new_id()),
            "order_id": str(order.id),
            "variant_id": str(line.variant_id),
            "quantity": line.quantity,
            "unit_price": line.unit_price,
        }
        for line in order.lines
    ]
