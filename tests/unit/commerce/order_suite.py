"""What the use cases of orders do, on whatever keeps their rows: the fakes and PostgreSQL pass the same suite."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import pytest

from ai_platform.commerce.application.add_to_order import AddToOrder
from ai_platform.commerce.application.ask_confirmation import AskConfirmation, Summary
from ai_platform.commerce.application.change_order import ChangeOrder
from ai_platform.commerce.application.create_order import CreateOrder, NewOrder
from ai_platform.commerce.application.order_ports import OrderFilter, OrderReads, OrderWork, Wanted
from ai_platform.commerce.application.order_queries import GetOrder, ListOrders
from ai_platform.commerce.application.order_views import OrderView
from ai_platform.commerce.application.remove_from_order import RemoveFromOrder
from ai_platform.commerce.application.second_step import Yes, redeem
from ai_platform.commerce.application.whose_order import WhoseOrder
from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.confirmation import Action
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_changes import OrderChanges
from ai_platform.commerce.domain.order_errors import (
    ConfirmationRefused,
    LineNotFound,
    OrderCustomerUnknown,
    OrderNotFound,
    OutOfStock,
    VariantUnknown,
)
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.kernel.errors import InvalidInput, PreconditionFailed
from ai_platform.kernel.ids import new_id
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


class OrderSuite:
    @pytest.fixture
    def counter(self, shop: Shop) -> Counter:
        return Counter(shop)

    async def test_an_order_has_a_number_and_lines_at_todays_prices(self, shop: Shop, counter: Counter) -> None:
        gayo, _ = await shop.stock("GAYO", price=85_000), await shop.stock("TEH", price=5_000)
        order_id = await counter.an_order(Wanted(variant_id=gayo, quantity=2), Wanted(sku="teh", quantity=3))
        order = await counter.seen(order_id)
        assert [(one.sku, one.quantity, one.unit_price) for one in order.lines] == [
            ("GAYO", 2, 85_000),
            ("TEH", 3, 5_000),
        ]
        assert (order.total, order.status, order.version) == (185_000, "PENDING", 1)
        assert order.number.startswith("ORD-260301-")

    async def test_no_two_orders_have_one_number(self, counter: Counter) -> None:
        orders = [await counter.seen(await counter.an_order()) for _ in range(5)]
        assert len({one.number for one in orders}) == 5

    async def test_a_customer_of_nobody_gets_no_order(self, counter: Counter) -> None:
        with pytest.raises(OrderCustomerUnknown):
            await counter.order(customer_id=new_id())
        assert await counter.listed() == []

    async def test_what_is_not_sold_cannot_be_ordered(self, shop: Shop, counter: Counter) -> None:
        gayo = await shop.stock("GAYO")
        await shop.relabel(gayo, price=10_000, is_sold=False)
        for wanted in (Wanted(variant_id=gayo, quantity=1), Wanted(sku="NONE", quantity=1, loc=("items", 0, "sku"))):
            with pytest.raises(VariantUnknown):
                await counter.order(wanted)

    async def test_the_same_variant_again_is_one_line_at_todays_price(self, shop: Shop, counter: Counter) -> None:
        gayo = await shop.stock("GAYO", price=10_000)
        order_id = await counter.an_order(Wanted(variant_id=gayo, quantity=1))
        await shop.relabel(gayo, price=12_000, is_sold=True)
        await counter.add(AGENT, order_id, Wanted(variant_id=gayo, quantity=2), asking())
        order = await counter.seen(order_id)
        assert [(one.quantity, one.unit_price) for one in order.lines] == [(3, 12_000)]
        assert order.version == 2

    async def test_a_line_that_was_taken_out_is_gone(self, shop: Shop, counter: Counter) -> None:
        wanted = [Wanted(variant_id=await shop.stock(sku), quantity=1) for sku in ("A", "B", "C")]
        order_id = await counter.an_order(*wanted)
        line = (await counter.seen(order_id)).lines[1]
        await counter.remove(AGENT, order_id, line.id)
        assert [one.sku for one in (await counter.seen(order_id)).lines] == ["A", "C"]
        with pytest.raises(LineNotFound):
            await counter.remove(AGENT, order_id, line.id)

    async def test_the_same_key_again_is_answered_and_not_done(self, shop: Shop, counter: Counter) -> None:
        wanted, customer = Wanted(variant_id=await shop.stock("GAYO"), quantity=1), await shop.customer()
        first = await counter.order(wanted, customer_id=customer, once=once())
        again = await counter.order(wanted, customer_id=customer, once=once())
        assert (again.body, again.is_replay, first.is_replay) == (first.body, True, False)
        assert len(await counter.listed()) == 1
        with pytest.raises(InvalidInput) as refused:
            await counter.order(wanted, customer_id=customer, once=once(b"another"))
        assert refused.value.stable_code == "idempotency_key_reused"

    async def test_an_order_is_its_tenants_and_the_platform_finds_it(self, counter: Counter) -> None:
        order_id = await counter.an_order()
        assert (await counter.get(PLATFORM, order_id)).id == order_id
        for by, which in ((STRANGER, order_id), (PLATFORM, new_id())):
            with pytest.raises(OrderNotFound):
                await counter.get(by, which)
        with pytest.raises(OrderNotFound):
            await counter.change(STRANGER, order_id, lambda _: OrderChanges({"notes": "mine"}))

    async def test_a_stale_change_changes_nothing(self, counter: Counter) -> None:
        order_id = await counter.an_order()
        await counter.change(AGENT, order_id, lambda _: OrderChanges({"notes": "first"}), expected=frozenset({1}))
        with pytest.raises(PreconditionFailed):
            await counter.change(AGENT, order_id, lambda _: OrderChanges({"notes": "late"}), expected=frozenset({1}))
        order = await counter.seen(order_id)
        assert (order.notes, order.version) == ("first", 2)

    async def test_what_an_order_is_given_is_read_again(self, counter: Counter) -> None:
        order_id, home = await counter.an_order(), Address(street="Jl. Braga 12", city="Bandung")
        changes = OrderChanges({"shipping_cost": 9_000, "shipping_address": home, "tracking_number": "JNE-1"})
        await counter.change(AGENT, order_id, lambda _: changes)
        order = await counter.seen(order_id)
        assert (order.total, order.shipping_address, order.tracking_number) == (9_000, home, "JNE-1")

    async def test_orders_are_listed_newest_first_a_page_at_a_time(self, shop: Shop, counter: Counter) -> None:
        customer = await shop.customer()
        made = sorted([UUID(str((await counter.order(customer_id=customer)).body["id"])) for _ in range(3)])
        await counter.an_order()
        his = OrderFilter(customer_id=customer, status=OrderStatus.PENDING)
        first, more = await counter.list_(AGENT, DEFAULT_TENANT, his, before=None, limit=2)
        rest, end = await counter.list_(AGENT, DEFAULT_TENANT, his, before=first[-1].id, limit=2)
        assert ([one.id for one in (*first, *rest)], more, end) == (made[::-1], True, False)
        assert await counter.listed(OrderFilter(status=OrderStatus.SHIPPED)) == []

    async def test_a_summary_brings_the_order_up_to_date(self, shop: Shop, counter: Counter) -> None:
        gayo = await shop.stock("GAYO", price=10_000)
        order_id = await counter.an_order(Wanted(variant_id=gayo, quantity=2))
        await shop.relabel(gayo, price=12_000, is_sold=True)
        _, shown = await counter.ask(order_id, Action.CONFIRM)
        assert shown == (await counter.seen(order_id)).total == 24_000

    async def test_the_same_key_again_is_the_same_token(self, shop: Shop, counter: Counter) -> None:
        order_id = await counter.an_order(Wanted(variant_id=await shop.stock("GAYO"), quantity=1))
        first = await counter.ask(order_id, Action.CONFIRM, once())
        assert await counter.ask(order_id, Action.CONFIRM, once()) == first
        assert (await counter.ask(order_id, Action.CONFIRM))[0] != first[0]

    async def test_a_summary_names_what_is_short_and_gives_no_token(self, shop: Shop, counter: Counter) -> None:
        gayo = await shop.stock("GAYO", stock=1)
        order_id = await counter.an_order(Wanted(variant_id=gayo, quantity=2))
        with pytest.raises(OutOfStock):
            await counter.ask(order_id, Action.CONFIRM)

    async def test_a_token_says_yes_once_and_to_its_own_tenant_only(self, shop: Shop, counter: Counter) -> None:
        order_id = await counter.an_order(Wanted(variant_id=await shop.stock("GAYO"), quantity=1))
        yes = Yes(token=(await counter.ask(order_id, Action.CANCEL))[0])
        async with shop.transactions(DEFAULT_TENANT) as work:
            order = await work.orders.find(order_id)
            await redeem(work, order, Action.CANCEL, yes, at=counter.clock.now())
        for tenant_id, why in ((DEFAULT_TENANT, "used"), (STRANGER.tenant_id, "no such")):
            async with shop.transactions(tenant_id) as work:
                with pytest.raises(ConfirmationRefused, match=why):
                    await redeem(work, order, Action.CANCEL, yes, at=counter.clock.now())

    async def test_a_transaction_that_fails_keeps_nothing(self, shop: Shop, counter: Counter) -> None:
        order_id = await counter.an_order()
        with pytest.raises(RuntimeError):
            await self._fail_late(shop, order_id)
        order_now = await counter.seen(order_id)
        assert (order_now.notes, order_now.version) == (None, 1)

    async def _fail_late(self, shop: Shop, order_id: UUID) -> None:
        async with shop.transactions(DEFAULT_TENANT) as work:
            order = await work.orders.find(order_id)
            order.change(OrderChanges({"notes": "lost"}), at=NOW)
            await work.orders.save(order)
            raise RuntimeError
