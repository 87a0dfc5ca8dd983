"""Orders in memory, but for the shelf's own counting, which is the database's."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderFilter, Stock, Wanted
from ai_platform.commerce.application.order_views import OrderView, view_of
from ai_platform.commerce.domain.confirmation import Confirmation
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import OrderCustomerUnknown, OrderNotFound, VariantUnknown
from ai_platform.commerce.domain.order_line import Offer
from ai_platform.commerce.domain.order_number import new_number
from ai_platform.commerce.domain.order_status import OrderStatus
from tests.unit.memory import FakeAnswers, Given, Memory


@dataclass
class OrderRows:
    """`offers` and `customers` with the tenant whose they are."""

    orders: dict[UUID, Order] = field(default_factory=dict)
    confirmations: dict[bytes, tuple[UUID, Confirmation]] = field(default_factory=dict)
    offers: dict[UUID, tuple[UUID, Offer]] = field(default_factory=dict)
    customers: dict[UUID, UUID] = field(default_factory=dict)
    answers: Given = field(default_factory=dict)


class FakeOrderWork:
    """Implements `order_ports.OrderWork` without a stock."""

    def __init__(self, rows: OrderRows, tenant_id: UUID) -> None:
        self.orders = FakeOrders(rows, tenant_id)
        self.shelf = FakeShelf(rows, tenant_id)
        self.confirmations = FakeConfirmations(rows, tenant_id)
        self.answers = self.sealed = FakeAnswers(rows.answers, tenant_id)

    @property
    def stock(self) -> Stock:
        raise NotImplementedError("only a database can tell who was first")


OrderMemory = Memory[OrderRows, FakeOrderWork]


def order_memory() -> OrderMemory:
    return Memory(OrderRows(), FakeOrderWork)


@dataclass
class FakeOrders:
    """Implements `order_ports.Orders`."""

    rows: OrderRows
    tenant_id: UUID

    async def add(self, order: Order) -> None:
        if self.rows.customers.get(order.customer_id) != self.tenant_id:
            raise OrderCustomerUnknown
        while order.number in {one.number for one in self.rows.orders.values()}:
            order.renumber(new_number(order.created_at))
        self._keep(order)

    async def find(self, order_id: UUID) -> Order:
        order = self.rows.orders.get(order_id)
        if order is None or order.tenant_id != self.tenant_id:
            raise OrderNotFound(order_id)
        return deepcopy(order)

    async def save(self, order: Order) -> None:
        if order.is_changed:
            order.version += 1
            self._keep(order)

    def _keep(self, order: Order) -> None:
        order.take_events()
        self.rows.orders[order.id] = deepcopy(order)


@dataclass
class FakeShelf:
    """Implements `order_ports.Shelf`."""

    rows: OrderRows
    tenant_id: UUID

    async def offers(self, wanted: Sequence[Wanted]) -> Sequence[Offer]:
        return [self._sold(one) for one in wanted]

    async def offered(self, order: Order) -> Sequence[Offer]:
        ours = {one.variant_id: one for one in self._ours()}
        return [ours[line.variant_id] for line in order.lines]

    def _sold(self, wanted: Wanted) -> Offer:
        for one in self._ours():
            named = wanted.variant_id is None and one.sku.lower() == (wanted.sku or "").lower()
            if one.is_sold and (one.variant_id == wanted.variant_id or named):
                return one
        raise VariantUnknown(str(wanted.variant_id or wanted.sku), wanted.loc)

    def _ours(self) -> Sequence[Offer]:
        return [one for whose, one in self.rows.offers.values() if whose == self.tenant_id]


@dataclass
class FakeConfirmations:
    """Implements `order_ports.Confirmations`."""

    rows: OrderRows
    tenant_id: UUID

    async def add(self, confirmation: Confirmation) -> None:
        self.rows.confirmations[confirmation.token_hash] = (self.tenant_id, confirmation)

    async def of_token(self, token_hash: bytes) -> Confirmation | None:
        whose, found = self.rows.confirmations.get(token_hash, (None, None))
        return found if whose == self.tenant_id else None

    async def use(self, confirmation: Confirmation, at: datetime) -> None:
        used = replace(confirmation, used_at=at)
        self.rows.confirmations[confirmation.token_hash] = (self.tenant_id, used)


@dataclass
class FakeOrderReads:
    """Implements `order_ports.OrderReads`."""

    memory: OrderMemory

    async def get(self, tenant_id: UUID, order_id: UUID) -> OrderView | None:
        order = self.memory.rows.orders.get(order_id)
        return view_of(deepcopy(order)) if order is not None and order.tenant_id == tenant_id else None

    async def page(
        self, tenant_id: UUID, where: OrderFilter, *, before: UUID | None, limit: int
    ) -> Sequence[OrderView]:
        asked = {"status": where.status, "customer_id": where.customer_id, "conversation_id": where.conversation_id}
        found = [
            view_of(deepcopy(one))
            for one in self.memory.rows.orders.values()
            if one.tenant_id == tenant_id
            and all(value in (None, getattr(one, name)) for name, value in asked.items())
            and (before is None or one.id < before)
        ]
        return sorted(found, key=lambda one: one.id, reverse=True)[:limit]

    async def tenant_of(self, order_id: UUID) -> UUID | None:
        order = self.memory.rows.orders.get(order_id)
        return order.tenant_id if order else None

    async def overdue(self, at: datetime, *, most: int) -> Sequence[tuple[UUID, UUID]]:
        due = [
            (one.expires_at, one.tenant_id, one.id)
            for one in self.memory.rows.orders.values()
            if one.status is OrderStatus.CONFIRMED and one.expires_at is not None and one.expires_at <= at
        ]
        return [(tenant_id, order_id) for _, tenant_id, order_id in sorted(due)[:most]]
