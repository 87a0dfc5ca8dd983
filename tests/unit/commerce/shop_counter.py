"""The counter of a shop: the use cases of orders, on whatever keeps their rows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from ai_platform.commerce.application.add_to_order import AddToOrder
from ai_platform.commerce.application.ask_confirmation import AskConfirmation, Summary
from ai_platform.commerce.application.change_order import ChangeOrder
from ai_platform.commerce.application.create_order import CreateOrder, NewOrder
from ai_platform.commerce.application.order_ports import OrderFilter, OrderReads, OrderWork, Wanted
from ai_platform.commerce.application.order_queries import GetOrder, ListOrders
from ai_platform.commerce.application.order_views import OrderView
from ai_platform.commerce.application.remove_from_order import RemoveFromOrder
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.confirmation import Action
from ai_platform.commerce.domain.order import Order
from ai_platform.kernel.once import Answer, Asking, Once
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role
from ai_platform.kernel.transactions import Transactions
from tests.unit.memory import OneTenant

AGENT = Principal("agent", Role.AGENT, DEFAULT_TENANT)
PLATFORM = Principal("platform", Role.PLATFORM, DEFAULT_TENANT)
STRANGER = Principal("agent", Role.AGENT, UUID(int=1))
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
EVERYTHING = OrderFilter()


@dataclass
class Watch:
    """Implements `Clock`; each look at it is later than the one before."""

    moment: datetime = NOW

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


class Shop(Protocol):
    """The default tenant's rows, wherever they are, and its shelf."""

    @property
    def transactions(self) -> Transactions[OrderWork]: ...

    @property
    def reads(self) -> OrderReads: ...

    async def stock(self, sku: str, *, price: int = 10_000, stock: int = 5) -> UUID:
        """A variant on the shelf."""

    async def relabel(self, variant_id: UUID, *, price: int, is_sold: bool) -> None: ...

    async def customer(self) -> UUID: ...


class Counter:
    """The use cases over one shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.clock, whose = shop, Watch(), WhoseOrder(shop.reads)
        parts: dict[str, Any] = {"transactions": shop.transactions, "clock": self.clock}
        self.create = CreateOrder(tenancy=OneTenant(), **parts)
        self.add = AddToOrder(whose=whose, **parts)
        self.remove = RemoveFromOrder(whose=whose, **parts)
        self.change = ChangeOrder(whose=whose, **parts)
        self.asks = AskConfirmation(whose=whose, **parts)
        self.get = GetOrder(shop.reads, whose)
        self.list_ = ListOrders(shop.reads, OneTenant())

    async def order(self, *wanted: Wanted, customer_id: UUID | None = None, once: Once | None = None) -> Answer:
        new = NewOrder(customer_id=customer_id or await self.shop.customer(), wanted=wanted)
        return await self.create(AGENT, DEFAULT_TENANT, new, asking(once))

    async def an_order(self, *wanted: Wanted) -> UUID:
        return UUID(str((await self.order(*wanted)).body["id"]))

    async def ask(self, order_id: UUID, action: Action, once: Once | None = None) -> tuple[str, int]:
        """The token, and the total that was shown."""
        worded: Asking[Summary] = Asking(lambda summary: {"token": summary.token, "total": summary.order.total}, once)
        answer = await self.asks(AGENT, order_id, action, asking=worded)
        return str(answer.body["token"]), int(str(answer.body["total"]))

    async def listed(self, where: OrderFilter = EVERYTHING) -> list[OrderView]:
        found, more = await self.list_(AGENT, DEFAULT_TENANT, where, before=None, limit=50)
        assert not more
        return list(found)

    async def seen(self, order_id: UUID) -> OrderView:
        return await self.get(AGENT, order_id)


def asking(once: Once | None = None) -> Asking[Order]:
    return Asking(lambda order: {"id": str(order.id), "total": order.total}, once)


def once(fingerprint: bytes = b"body") -> Once:
    return Once(actor="agent", path="/orders", key="k", fingerprint=fingerprint)
