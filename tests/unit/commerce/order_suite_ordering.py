"""What is ordered: a number, lines at today's prices, and nothing that is not sold."""

import pytest

from ai_platform.commerce.application.order_ports import Wanted
from ai_platform.commerce.domain.order_errors import LineNotFound, OrderCustomerUnknown, VariantUnknown
from ai_platform.kernel.ids import new_id
from tests.unit.commerce.shop_counter import AGENT, Counter, Shop, asking


class Ordering:
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
