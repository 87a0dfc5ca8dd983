"""What money does to an order and its goods: each step may come twice, late, or in the wrong order."""

import asyncio

import pytest

from ai_platform.commerce.application.fulfilling import Fulfilling
from ai_platform.commerce.domain.order_errors import OrderExpired, OrderIsPaid, OrderOnHold, PaymentUnderWay
from ai_platform.commerce.domain.order_status import Hold, OrderStatus, PaymentStatus
from ai_platform.kernel.errors import Conflict
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.integration.orders.shop import AGENT, ASKING, OWNER, Shop

PENDING, CONFIRMED, PROCESSING = OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PROCESSING
CANCELLED, SHIPPED, DELIVERED = OrderStatus.CANCELLED, OrderStatus.SHIPPED, OrderStatus.DELIVERED


async def test_money_takes_the_goods_off_the_shelf_and_the_work_begins(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id, payment_id = await shop.paid_order((gayo, 2))
    order = await shop.order(order_id)
    assert (order.status, order.payment_status, order.payment_id) == (PROCESSING, PaymentStatus.PAID, payment_id)
    assert order.expires_at is None
    assert await shop.shelf(gayo) == (3, 0)
    assert (await shop.reservations(order_id), await shop.moves(order_id)) == (["consumed"], [("sold", -2)])
    assert "orders.paid.v1" in await shop.told(order_id)


async def test_money_told_many_times_at_once_is_told_once(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    payment_id = await shop.begin_payment(order_id)
    assert await asyncio.gather(*(shop.paid(order_id, payment_id) for _ in range(6))) == [True] * 6
    assert await shop.shelf(gayo) == (3, 0)
    assert (await shop.told(order_id)).count("orders.paid.v1") == 1


async def test_money_for_a_payment_that_ended_still_pays(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    payment_id = await shop.begin_payment(order_id)
    shop.desk.says = PaymentStatus.EXPIRED
    await shop.desk.end_live(DEFAULT_TENANT, order_id)
    assert await shop.state(order_id) == (CONFIRMED, PaymentStatus.EXPIRED)
    assert await shop.paid(order_id, payment_id)
    assert await shop.state(order_id) == (PROCESSING, PaymentStatus.PAID)


async def test_the_end_of_an_older_payment_does_not_end_the_one_under_way(shop: Shop) -> None:
    order_id = await shop.confirmed((await shop.product("GAYO"), 1))
    first = await shop.begin_payment(order_id)
    await shop.desk.end_live(DEFAULT_TENANT, order_id)
    second = await shop.begin_payment(order_id)
    shop.desk.says = PaymentStatus.FAILED
    async with shop.transactions(DEFAULT_TENANT) as work:
        await Fulfilling(work).payment_ended(order_id, first, PaymentStatus.FAILED, at=shop.clock.now())
    order = await shop.order(order_id)
    assert (order.payment_status, order.payment_id) == (PaymentStatus.PENDING_PAYMENT, second)


async def test_an_order_has_one_payment_under_way(shop: Shop) -> None:
    order_id = await shop.confirmed((await shop.product("GAYO"), 1))
    payment_id = await shop.begin_payment(order_id)
    await shop.begin_payment(order_id, payment_id)
    with pytest.raises(PaymentUnderWay):
        await shop.begin_payment(order_id)
    await shop.paid(order_id, payment_id)
    with pytest.raises(OrderIsPaid):
        await shop.begin_payment(order_id)


async def test_an_order_whose_time_is_over_gets_no_payment(shop: Shop) -> None:
    order_id = await shop.confirmed((await shop.product("GAYO"), 1))
    shop.clock.pass_(hours=24)
    with pytest.raises(OrderExpired):
        await shop.begin_payment(order_id)


async def test_money_after_the_end_finds_the_goods_once_more(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    payment_id = await shop.begin_payment(order_id)
    shop.clock.pass_(hours=25)
    await shop.expire(DEFAULT_TENANT, order_id)
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((CANCELLED, PaymentStatus.EXPIRED), (5, 0))
    await shop.sql("UPDATE product_variants SET price = 99000")
    assert await shop.paid(order_id, payment_id)
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((PROCESSING, PaymentStatus.PAID), (3, 0))
    assert await shop.reservations(order_id) == ["released", "consumed"]
    assert (await shop.order(order_id)).total == 20_000


async def test_money_after_the_end_for_goods_that_are_gone_is_owed(shop: Shop) -> None:
    gayo, there = await shop.product("GAYO", stock=2), await shop.product("THERE", stock=9)
    order_id = await shop.confirmed((there, 1), (gayo, 2))
    payment_id = await shop.begin_payment(order_id)
    await shop.cancel(AGENT, order_id, "no")
    await shop.confirmed((gayo, 1))
    assert await shop.paid(order_id, payment_id) is False
    order = await shop.order(order_id)
    assert (order.status, order.payment_status, order.hold) == (CANCELLED, PaymentStatus.PAID, Hold.NEEDS_REFUND)
    assert (await shop.shelf(gayo), await shop.shelf(there)) == ((2, 1), (9, 0))
    assert "orders.money_needs_refund.v1" in await shop.told(order_id)
    await shop.refunded(order_id, payment_id, order.total)
    assert await shop.state(order_id) == (CANCELLED, PaymentStatus.REFUNDED)
    assert (await shop.order(order_id)).hold is None


async def test_money_that_comes_a_second_time_is_owed_and_leaves_the_order_paid(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id, payment_id = await shop.paid_order((gayo, 1))
    assert await shop.paid(order_id, new_id()) is False
    order = await shop.order(order_id)
    assert (order.status, order.payment_id, order.hold) == (PROCESSING, payment_id, None)
    assert (await shop.shelf(gayo), (await shop.told(order_id)).count("orders.money_needs_refund.v1")) == ((4, 0), 1)


async def test_a_refund_before_shipping_brings_the_goods_back_once(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id, payment_id = await shop.paid_order((gayo, 2))
    await asyncio.gather(*(shop.refunded(order_id, payment_id, 20_000) for _ in range(4)))
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((CANCELLED, PaymentStatus.REFUNDED), (5, 0))
    assert await shop.moves(order_id) == [("sold", -2), ("returned", 2)]


async def test_a_part_given_back_leaves_the_order_on_its_way(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id, payment_id = await shop.paid_order((gayo, 2))
    await shop.refunded(order_id, payment_id, 5_000, in_full=False)
    assert await shop.state(order_id) == (PROCESSING, PaymentStatus.PARTIALLY_REFUNDED)
    assert (await shop.shelf(gayo), (await shop.order(order_id)).refunded) == ((3, 0), 5_000)


async def test_a_refund_after_shipping_brings_nothing_back(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id, payment_id = await shop.paid_order((gayo, 2))
    await shop.move(AGENT, order_id, SHIPPED, reason="", asking=ASKING)
    await shop.refunded(order_id, payment_id, 20_000)
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((SHIPPED, PaymentStatus.REFUNDED), (3, 0))


async def test_money_that_comes_after_everything_went_back_is_owed(shop: Shop) -> None:
    """The goods were sold and returned: that order is over."""
    gayo = await shop.product("GAYO", stock=5)
    order_id, payment_id = await shop.paid_order((gayo, 2))
    await shop.refunded(order_id, payment_id, 20_000)
    assert await shop.paid(order_id, new_id()) is False
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((CANCELLED, PaymentStatus.REFUNDED), (5, 0))


async def test_money_taken_back_by_the_provider_stops_the_order(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id, payment_id = await shop.paid_order((gayo, 2))
    await shop.reversed(order_id, payment_id)
    await shop.reversed(order_id, payment_id)
    assert (await shop.told(order_id)).count("orders.payment_reversed.v1") == 1
    with pytest.raises(OrderOnHold):
        await shop.move(AGENT, order_id, SHIPPED, reason="", asking=ASKING)
    await shop.cancel(AGENT, order_id, "reversed")
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((CANCELLED, PaymentStatus.FAILED), (5, 0))


async def test_a_reversal_that_is_reversed_lets_the_order_go_on(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id, payment_id = await shop.paid_order((gayo, 2))
    await shop.reversed(order_id, payment_id)
    assert await shop.paid(order_id, payment_id)
    await shop.move(AGENT, order_id, SHIPPED, reason="", asking=ASKING)
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((SHIPPED, PaymentStatus.PAID), (3, 0))


async def test_goods_paid_at_the_door_leave_the_shelf_when_they_are_sent(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    await shop.move(AGENT, order_id, PROCESSING, reason="", asking=ASKING)
    assert (await shop.shelf(gayo), (await shop.order(order_id)).expires_at) == ((5, 2), None)
    await shop.move(AGENT, order_id, SHIPPED, reason="", asking=ASKING)
    assert await shop.shelf(gayo) == (3, 0)
    await shop.move(AGENT, order_id, DELIVERED, reason="", asking=ASKING)
    payment_id = await shop.begin_payment(order_id)
    assert await shop.paid(order_id, payment_id)
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((DELIVERED, PaymentStatus.PAID), (3, 0))


async def test_a_refused_refund_lets_the_order_go_on(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id, _ = await shop.paid_order((gayo, 2))
    shop.desk.says = Conflict("too late", code="refund_refused")
    with pytest.raises(Conflict, match="too late"):
        await shop.cancel(OWNER, order_id, "no")
    order = await shop.order(order_id)
    assert (order.status, order.hold, order.cancel_reason) == (PROCESSING, None, None)
