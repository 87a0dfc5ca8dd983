"""Confirming: all lines are held or none, at the agreed price, and nobody gets what is not there."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from ai_platform.commerce.domain.order_errors import InvalidOrderStep, OrderEmpty, OutOfStock, PriceChanged
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.kernel.once import Asking, Once
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.integration.orders.shop import AGENT, ASKING, Shop, outcomes
from tests.support import eventually


async def test_a_confirmed_order_holds_its_lines_until_it_expires(shop: Shop) -> None:
    gayo, toraja = await shop.product("GAYO", stock=5), await shop.product("TORAJA", stock=2)
    order_id = await shop.confirmed((gayo, 3), (toraja, 2))
    order = await shop.order(order_id)
    assert order.status is OrderStatus.CONFIRMED
    assert order.confirmed_at is not None
    assert order.expires_at == order.confirmed_at + timedelta(hours=24)
    assert (await shop.shelf(gayo), await shop.shelf(toraja)) == ((5, 3), (2, 2))
    assert await shop.reservations(order_id) == ["held", "held"]
    assert await shop.told(order_id) == ["commerce.order_expires", "orders.confirmed.v1", "orders.created.v1"]


async def test_the_wake_up_is_due_when_the_order_expires(shop: Shop) -> None:
    order_id = await shop.confirmed((await shop.product("GAYO"), 1))
    [(due,)] = await shop.sql("SELECT available_at FROM outbox WHERE type = 'commerce.order_expires'")
    assert due == (await shop.order(order_id)).expires_at


async def test_when_one_line_is_short_nothing_is_held_and_every_short_line_is_named(shop: Shop) -> None:
    there, short, none = (
        await shop.product("THERE", stock=5),
        await shop.product("SHORT", stock=1),
        await shop.product("NONE", stock=0),
    )
    order_id = await shop.an_order((there, 1), (short, 2), (none, 1))
    with pytest.raises(OutOfStock) as refused:
        await shop.confirm(AGENT, order_id, ASKING)
    assert refused.value.facts["lines"] == [
        {"variant_id": str(short), "sku": "SHORT", "requested": 2, "available": 1},
        {"variant_id": str(none), "sku": "NONE", "requested": 1, "available": 0},
    ]
    assert (await shop.order(order_id)).status is OrderStatus.PENDING
    assert [await shop.shelf(one) for one in (there, short, none)] == [(5, 0), (1, 0), (0, 0)]
    assert await shop.reservations(order_id) == []
    assert await shop.told(order_id) == ["orders.created.v1"]


async def test_what_was_archived_meanwhile_is_out_of_stock(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    order_id = await shop.an_order((gayo, 1))
    await shop.sql("UPDATE products SET is_active = false")
    with pytest.raises(OutOfStock) as refused:
        await shop.confirm(AGENT, order_id, ASKING)
    assert refused.value.facts["lines"] == [{"variant_id": str(gayo), "sku": "GAYO", "requested": 1, "available": 0}]


async def test_a_changed_price_refuses_once_and_is_in_the_order_then(shop: Shop) -> None:
    gayo = await shop.product("GAYO", price=10_000)
    order_id = await shop.an_order((gayo, 2))
    await shop.sql("UPDATE product_variants SET price = 12500")
    with pytest.raises(PriceChanged) as refused:
        await shop.confirm(AGENT, order_id, ASKING)
    old, new = {"amount": "10000", "currency": "IDR"}, {"amount": "12500", "currency": "IDR"}
    assert (refused.value.facts["old"], refused.value.facts["new"]) == (old, new)
    order = await shop.order(order_id)
    assert (order.status, order.total, await shop.shelf(gayo)) == (OrderStatus.PENDING, 25_000, (5, 0))
    await shop.confirm(AGENT, order_id, ASKING)
    assert (await shop.order(order_id)).total == 25_000
    assert await shop.shelf(gayo) == (5, 2)


async def test_an_empty_order_cannot_be_confirmed(shop: Shop) -> None:
    order_id = await shop.an_order()
    with pytest.raises(OrderEmpty):
        await shop.confirm(AGENT, order_id, ASKING)


async def test_confirming_twice_is_refused_and_holds_once(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    order_id = await shop.confirmed((gayo, 1))
    with pytest.raises(InvalidOrderStep) as refused:
        await shop.confirm(AGENT, order_id, ASKING)
    assert refused.value.facts["allowed"] == ["PROCESSING", "CANCELLED"]
    assert await shop.shelf(gayo) == (5, 1)


async def test_the_same_request_again_gets_the_first_answer(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    order_id = await shop.an_order((gayo, 1))
    asking = Asking(ASKING.worded, Once(actor="a", path="/confirm", key="k", fingerprint=b"f"))
    first = await shop.confirm(AGENT, order_id, asking)
    await shop.cancel(AGENT, order_id, "no")
    again = await shop.confirm(AGENT, order_id, asking)
    assert (again.body, again.is_replay) == (first.body, True)
    assert await shop.shelf(gayo) == (5, 0)


async def test_of_many_who_race_for_the_last_one_exactly_one_gets_it(shop: Shop) -> None:
    last = await shop.product("LAST", stock=1)
    orders = [await shop.an_order((last, 1)) for _ in range(12)]
    results = await outcomes(*(shop.confirm(AGENT, one, ASKING) for one in orders))
    assert results == ["done"] + ["out_of_stock"] * 11
    assert await shop.shelf(last) == (1, 1)


async def test_the_same_order_confirmed_at_once_is_held_once(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    order_id = await shop.an_order((gayo, 2))
    results = await outcomes(*(shop.confirm(AGENT, order_id, ASKING) for _ in range(6)))
    assert results == ["done"] + ["invalid_transition"] * 5
    assert (await shop.shelf(gayo), await shop.reservations(order_id)) == ((5, 2), ["held"])


async def test_orders_with_the_same_goods_in_opposite_order_do_not_wait_for_each_other_in_a_circle(shop: Shop) -> None:
    one, two = await shop.product("ONE", stock=100), await shop.product("TWO", stock=100)
    there = [await shop.an_order((one, 1), (two, 1)) for _ in range(10)]
    back = [await shop.an_order((two, 1), (one, 1)) for _ in range(10)]
    results = await outcomes(*(shop.confirm(AGENT, order_id, ASKING) for order_id in there + back))
    assert results == ["done"] * 20
    assert (await shop.shelf(one), await shop.shelf(two)) == ((100, 20), (100, 20))


async def _held_up(shop: Shop, order_id: UUID, change: str) -> list[str]:
    """The outcome of confirming while another transaction, which makes the change, is about to be committed."""
    async with shop.database.transaction(None) as other:
        await other.execute(text(change))
        confirming = asyncio.create_task(outcomes(shop.confirm(AGENT, order_id, ASKING)))
        await eventually(lambda: _somebody_waits(shop))
    return await confirming


async def _somebody_waits(shop: Shop) -> bool:
    return bool((await shop.sql("SELECT count(*) FROM pg_locks WHERE NOT granted"))[0][0])


async def test_goods_that_are_freed_while_it_waits_are_seen(shop: Shop) -> None:
    """The row as it was before the wait said that there is nothing."""
    gayo = await shop.product("GAYO", stock=0)
    order_id = await shop.an_order((gayo, 1))
    assert await _held_up(shop, order_id, "UPDATE product_variants SET stock = 1") == ["done"]
    assert await shop.shelf(gayo) == (1, 1)


async def test_goods_that_are_sold_while_it_waits_are_not_sold_again(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=1)
    order_id = await shop.an_order((gayo, 1))
    assert await _held_up(shop, order_id, "UPDATE product_variants SET reserved = 1") == ["out_of_stock"]
    assert await shop.shelf(gayo) == (1, 1)


async def test_a_price_that_changes_while_it_waits_is_not_overlooked(shop: Shop) -> None:
    gayo = await shop.product("GAYO", price=10_000)
    order_id = await shop.an_order((gayo, 1))
    assert await _held_up(shop, order_id, "UPDATE product_variants SET price = 99000") == ["price_changed"]
    assert (await shop.order(order_id)).total == 99_000


async def test_a_connection_that_dies_before_the_commit_leaves_nothing(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    order_id = await shop.an_order((gayo, 1))
    async with shop.database.transaction(None) as other:
        await other.execute(text("UPDATE product_variants SET price = price"))
        confirming = asyncio.create_task(outcomes(shop.confirm(AGENT, order_id, ASKING)))
        await eventually(lambda: _somebody_waits(shop))
        await shop.kill_who_waits()
        assert await confirming == ["database_unavailable"]
    assert (await shop.order(order_id)).status is OrderStatus.PENDING
    assert (await shop.shelf(gayo), await shop.told(order_id)) == ((5, 0), ["orders.created.v1"])
    await shop.confirm(AGENT, order_id, ASKING)
    assert await shop.shelf(gayo) == (5, 1)


async def test_a_foreign_tenants_goods_are_never_reserved(shop: Shop) -> None:
    """Even if a line named them, which no use case lets through."""
    gayo = await shop.product("GAYO")
    order_id = await shop.an_order((gayo, 1))
    await shop.sql("INSERT INTO tenants (id, name) VALUES ('00000000-0000-7000-8000-0000000000aa', 'Other')")
    foreign = await shop.product("GAYO", tenant_id=UUID("00000000-0000-7000-8000-0000000000aa"))
    await shop.sql("UPDATE order_items SET variant_id = :id WHERE order_id = :order", id=foreign, order=order_id)
    assert await outcomes(shop.confirm(AGENT, order_id, ASKING)) == ["out_of_stock"]
    assert await shop.shelf(foreign) == (5, 0)
    assert AGENT.tenant_id == DEFAULT_TENANT
