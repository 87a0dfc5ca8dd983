"""One tenant's orders in PostgreSQL, within one transaction. Core only: confirming is a hot path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import OrderCustomerUnknown, OrderNotFound
from ai_platform.commerce.domain.order_line import OrderLine
from ai_platform.commerce.domain.order_number import new_number
from ai_platform.commerce.domain.order_status import Hold, OrderStatus, PaymentStatus
from ai_platform.commerce.infrastructure.order_consequences import Consequences
from ai_platform.commerce.infrastructure.order_tables import order_items, orders

_NUMBERS_DRAWN: Final = 5
_BUYS: Final = text("SELECT true FROM customers WHERE id = :wanted AND tenant_id = :tenant AND erased_at IS NULL")
"""Who was erased is not there, though the row that old orders refer to is."""
_PLAIN: Final = tuple(
    one.name for one in fields(Order) if one.name not in ("lines", "shipping_address")
)  # fmt: skip
_CHANGING: Final = tuple(name for name in _PLAIN if name not in ("id", "tenant_id", "number", "created_at"))
_LINE: Final = tuple(one.name for one in fields(OrderLine))

_FIND = select(orders).where(orders.c.id == bindparam("wanted"), orders.c.tenant_id == bindparam("tenant"))
_FIND_LOCKED = _FIND.with_for_update(key_share=True)
_FIND_ALL = (
    select(orders)
    .where(orders.c.id.in_(bindparam("wanted", expanding=True)), orders.c.tenant_id == bindparam("tenant"))
    .order_by(orders.c.id)
)
_FIND_ALL_WAITING = _FIND_ALL.with_for_update(key_share=True)
_FIND_ALL_FREE = _FIND_ALL.with_for_update(key_share=True, skip_locked=True)
_LINES = (
    select(order_items)
    .where(order_items.c.order_id.in_(bindparam("orders", expanding=True)))
    .order_by(order_items.c.order_id, order_items.c.position)
)
_ADD = upsert(orders).on_conflict_do_nothing(index_elements=["number"]).returning(orders.c.id)
_PUT_LINE = upsert(order_items)
_PUT_LINE = _PUT_LINE.on_conflict_do_update(
    index_elements=["id"],
    set_={name: _PUT_LINE.excluded[name] for name in ("sku", "name", "quantity", "unit_price", "position")},
)
_SAVE = (
    update(orders)
    .where(orders.c.id == bindparam("wanted"), orders.c.tenant_id == bindparam("tenant"))
    .values({name: bindparam(f"new_{name}") for name in (*_CHANGING, "total", "shipping_address")})
)


@dataclass(frozen=True, slots=True)
class SqlOrders:
    """Implements `order_ports.Orders` and `confirming_ports.ManyOrders`.

    The row is locked so that others may still refer to it.
    """

    connection: AsyncConnection
    tenant_id: UUID
    consequences: Consequences
    _lines: dict[UUID, tuple[OrderLine, ...]] = field(default_factory=dict)
    _put: list[Order] = field(default_factory=list)

    async def add(self, order: Order) -> None:
        if not await self.connection.scalar(_BUYS, self._named(order.customer_id)):
            raise OrderCustomerUnknown
        for _ in range(_NUMBERS_DRAWN):
            if await self._insert(order):
                break
            order.renumber(new_number(order.created_at))
        else:
            raise RuntimeError("no free order number was drawn")
        await self._put_lines(order)
        self.consequences.follow(order)
        await self.consequences.write()

    async def find(self, order_id: UUID) -> Order:
        row = (await self.connection.execute(_FIND_LOCKED, self._named(order_id))).one_or_none()
        if row is None:
            raise OrderNotFound(order_id)
        lines = await lines_of(self.connection, [order_id])
        order = order_of(row, lines.get(order_id, ()))
        self._lines[order_id] = order.lines
        return order

    async def find_all(self, order_ids: Sequence[UUID], *, waits: bool) -> Mapping[UUID, Order]:
        if not order_ids:
            return {}
        wanted = {"wanted": list(order_ids), "tenant": self.tenant_id}
        rows = (await self.connection.execute(_FIND_ALL_WAITING if waits else _FIND_ALL_FREE, wanted)).all()
        self._lines.update(await lines_of(self.connection, [row.id for row in rows]))
        return {row.id: order_of(row, self._lines.get(row.id, ())) for row in rows}

    async def save(self, order: Order) -> None:
        self.put(order)
        await self.write()

    def put(self, order: Order) -> None:
        if order.is_changed:
            order.version += 1
            self.consequences.follow(order)
            self._put.append(order)

    async def write(self) -> None:
        if self._put:
            await self.connection.execute(_SAVE, [self._change_of(order) for order in self._put])
        for order in self._put:
            await self._put_lines(order)
        self._put.clear()
        await self.consequences.write()

    async def _insert(self, order: Order) -> bool:
        return (await self.connection.execute(_ADD, _row_of(order, _PLAIN))).one_or_none() is not None

    async def _put_lines(self, order: Order) -> None:
        before = self._lines.get(order.id, ())
        if order.lines == before:
            return
        gone = {line.id for line in before} - {line.id for line in order.lines}
        if gone:
            await self.connection.execute(delete(order_items).where(order_items.c.id.in_(gone)))
        if order.lines:
            await self.connection.execute(_PUT_LINE, [self._line_row(order, at) for at in range(len(order.lines))])
        self._lines[order.id] = order.lines

    def _line_row(self, order: Order, position: int) -> dict[str, Any]:
        line = order.lines[position]
        own = {name: getattr(line, name) for name in _LINE}
        return {**own, "tenant_id": self.tenant_id, "order_id": order.id, "position": position}

    def _change_of(self, order: Order) -> dict[str, Any]:
        return {f"new_{name}": value for name, value in _row_of(order, _CHANGING).items()} | self._named(order.id)

    def _named(self, wanted: UUID) -> dict[str, Any]:
        return {"wanted": wanted, "tenant": self.tenant_id}


async def lines_of(connection: AsyncConnection, order_ids: Sequence[UUID]) -> Mapping[UUID, tuple[OrderLine, ...]]:
    """The lines of many orders in one question."""
    if not order_ids:
        return {}
    found: dict[UUID, tuple[OrderLine, ...]] = {}
    for row in await connection.execute(_LINES, {"orders": list(order_ids)}):
        line = OrderLine(**{name: getattr(row, name) for name in _LINE})
        found[row.order_id] = (*found.get(row.order_id, ()), line)
    return found


def order_of(row: Row[Any], lines: tuple[OrderLine, ...]) -> Order:
    stored = {name: getattr(row, name) for name in _PLAIN}
    stored["status"] = OrderStatus(row.status)
    stored["payment_status"] = PaymentStatus(row.payment_status)
    stored["hold"] = Hold(row.hold) if row.hold else None
    stored["shipping_address"] = Address(**row.shipping_address) if row.shipping_address else None
    return Order(**stored, lines=lines)


def _row_of(order: Order, names: Sequence[str]) -> dict[str, Any]:
    address = order.shipping_address
    stored = {name: getattr(order, name) for name in names}
    return {**stored, "total": order.total, "shipping_address": address.known() if address else None}
