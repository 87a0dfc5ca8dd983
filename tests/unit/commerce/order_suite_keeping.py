"""What is kept of an order: once, for its own tenant, and of the writer who has read it last."""

from uuid import UUID

import pytest

from ai_platform.commerce.application.order_ports import OrderFilter, Wanted
from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.order_changes import OrderChanges
from ai_platform.commerce.domain.order_errors import OrderNotFound
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.kernel.errors import InvalidInput, PreconditionFailed
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.commerce.shop_counter import AGENT, NOW, PLATFORM, STRANGER, Counter, Shop, once


class Keeping:
    async def test_an_order_is_its_tenants_and_the_platform_finds_it(self, counter: Counter) -> None:
        order_id = await counter.an_order()
        assert (await counter.get(PLATFORM, order_id)).id == order_id
        for by, which in ((STRANGER, order_id), (PLATFORM, new_id())):
            with pytest.raises(OrderNotFound):
                await counter.get(by, which)
        with pytest.raises(OrderNotFound):
            await counter.change(STRANGER, order_id, lambda _: OrderChanges({"notes": "mine"}))

    async def test_the_same_key_again_is_answered_and_not_done(self, shop: Shop, counter: Counter) -> None:
        wanted, customer = Wanted(variant_id=await shop.stock("GAYO"), quantity=1), await shop.customer()
        first = await counter.order(wanted, customer_id=customer, once=once())
        again = await counter.order(wanted, customer_id=customer, once=once())
        assert (again.body, again.is_replay, first.is_replay) == (first.body, True, False)
        assert len(await counter.listed()) == 1
        with pytest.raises(InvalidInput) as refused:
            await counter.order(wanted, customer_id=customer, once=once(b"another"))
        assert refused.value.stable_code == "idempotency_key_reused"

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
