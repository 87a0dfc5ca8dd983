"""Confirms that come at the same moment share a commit, and nothing else: each is decided for itself."""

import asyncio
from typing import Any

from sqlalchemy import event, text

from ai_platform.commerce.application.second_step import Yes
from ai_platform.commerce.domain.order_errors import PriceChanged
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.kernel.once import Answer
from ai_platform.runtime import tracing
from tests.integration.orders.shop import AGENT, ASKING, Shop, outcomes
from tests.integration.orders.together import a_wish, decided, keyed, so_many_wait, somebody_waits, statuses
from tests.support import eventually


async def test_one_that_is_refused_costs_the_others_nothing(shop: Shop) -> None:
    gayo, dear, none = await shop.product("GAYO"), await shop.product("DEAR"), await shop.product("NONE", stock=0)
    good = [await shop.an_order((gayo, 1)) for _ in range(3)]
    stale, empty, repriced = await shop.an_order((gayo, 1)), await shop.an_order(), await shop.an_order((dear, 1))
    short, again = await shop.an_order((gayo, 1), (none, 1)), await shop.confirmed((gayo, 1))
    await shop.sql("UPDATE product_variants SET price = 12000 WHERE id = :id", id=dear)
    wishes = [
        a_wish(good[0]),
        a_wish(stale, expected=frozenset({7})),
        a_wish(short),
        a_wish(empty),
        a_wish(good[1], expected=frozenset({1})),
        a_wish(repriced),
        a_wish(again),
        a_wish(stale, yes=Yes(token="cnf_made_up")),
        a_wish(good[2]),
    ]
    told = ["done", "precondition_failed", "out_of_stock", "order_empty", "done", "price_changed"]
    assert await decided(shop, *wishes) == [*told, "invalid_transition", None, "done"]
    assert await statuses(shop, good) == ["CONFIRMED"] * 3
    assert await statuses(shop, [stale, empty, repriced, short]) == ["PENDING"] * 4
    assert [await shop.shelf(one) for one in (gayo, dear, none)] == [(5, 4), (5, 0), (0, 0)]
    assert [await shop.told(one) for one in (stale, short)] == [["orders.created.v1"]] * 2
    for order_id in good:
        assert await shop.told(order_id) == ["commerce.order_expires", "orders.confirmed.v1", "orders.created.v1"]


async def test_the_last_goods_go_to_who_came_first_and_the_rest_are_told_what_is_left(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=3)
    orders = [await shop.an_order((gayo, quantity)) for quantity in (2, 2, 1, 4)]
    assert await decided(shop, *map(a_wish, orders)) == ["done", None, "done", "out_of_stock"]
    assert await shop.shelf(gayo) == (3, 3)
    assert await outcomes(shop.confirm(AGENT, orders[1], ASKING)) == ["out_of_stock"]


async def test_of_a_crowd_each_gets_an_outcome_and_no_more_is_sold_than_there_is(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=7)
    orders = [await shop.an_order((gayo, 1 + number % 2)) for number in range(40)]
    results = await outcomes(*(shop.confirm(AGENT, one, ASKING) for one in orders))
    assert set(results) == {"done", "out_of_stock"}
    assert await shop.shelf(gayo) == (7, 7)
    assert (await statuses(shop, orders)).count("CONFIRMED") == results.count("done")


async def test_two_gateways_never_sell_more_than_there_is(shop: Shop, next_door: Shop) -> None:
    """Orders of several goods, named in any order, of which some run out."""
    goods = [await shop.product(f"S{number}", stock=stock) for number, stock in enumerate((9, 14, 40))]
    orders = []
    for number in range(60):
        chosen = [(goods[(number + step) % 3], 1 + number % 2) for step in range(1 + number % 3)]
        orders.append(await shop.an_order(*(chosen if number % 4 else reversed(chosen))))
    doors = [shop if number % 2 else next_door for number in range(60)]
    async with shop.database.transaction(None) as other:
        await other.execute(text("UPDATE product_variants SET price = price"))
        calls = (door.confirm(AGENT, one, ASKING) for door, one in zip(doors, orders, strict=True))
        confirming = asyncio.create_task(outcomes(*calls))
        await eventually(lambda: so_many_wait(shop, 2))
    results = await confirming
    assert set(results) == {"done", "out_of_stock"}
    for variant_id in goods:
        stock, reserved = await shop.shelf(variant_id)
        held = "SELECT coalesce(sum(quantity), 0) FROM stock_reservations WHERE variant_id = :id AND status = 'held'"
        assert [(reserved,)] == await shop.sql(held, id=variant_id)
        assert reserved <= stock
    assert (await statuses(shop, orders)).count("CONFIRMED") == results.count("done")
    again = await outcomes(*(shop.confirm(AGENT, one, ASKING) for one in orders))
    assert set(again) == {"invalid_transition", "out_of_stock"}


async def test_a_commit_that_fails_is_told_to_all_of_the_batch_and_changes_nothing(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    orders = [await shop.an_order((gayo, 1)) for _ in range(4)]
    async with shop.database.transaction(None) as other:
        await other.execute(text("UPDATE product_variants SET price = price"))
        confirming = asyncio.create_task(outcomes(*(shop.confirm(AGENT, one, keyed(str(one))) for one in orders)))
        await eventually(lambda: somebody_waits(shop))
        await shop.kill_who_waits()
        assert await confirming == ["database_unavailable"] * 4
    assert await statuses(shop, orders) == ["PENDING"] * 4
    assert (await shop.shelf(gayo), await shop.sql("SELECT * FROM idempotency_keys")) == ((5, 0), [])
    assert [await shop.told(one) for one in orders] == [["orders.created.v1"]] * 4
    assert await outcomes(*(shop.confirm(AGENT, one, keyed(str(one))) for one in orders)) == ["done"] * 4


async def test_who_goes_away_in_the_middle_takes_nobody_along_and_finds_his_answer_later(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    orders = [await shop.an_order((gayo, 1)) for _ in range(3)]
    async with shop.database.transaction(None) as other:
        await other.execute(text("UPDATE product_variants SET price = price"))
        calls = [asyncio.create_task(shop.confirm(AGENT, one, keyed(str(one)))) for one in orders]
        await eventually(lambda: somebody_waits(shop))
        calls[1].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in results] == [Answer, asyncio.CancelledError, Answer]
    assert await statuses(shop, orders) == ["CONFIRMED"] * 3
    assert (await shop.shelf(gayo), await shop.reservations(orders[1])) == ((5, 3), ["held"])
    assert (await shop.confirm(AGENT, orders[1], keyed(str(orders[1])))).is_replay


async def test_an_order_that_somebody_has_in_hand_holds_up_nobody_but_itself(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    taken, free = await shop.an_order((gayo, 1)), await shop.an_order((gayo, 1))
    async with shop.database.transaction(None) as other:
        await other.execute(text("SELECT 1 FROM orders WHERE id = :id FOR UPDATE").bindparams(id=taken))
        waits = asyncio.create_task(shop.confirm(AGENT, taken, ASKING))
        await asyncio.wait_for(shop.confirm(AGENT, free, ASKING), 10)
        await eventually(lambda: somebody_waits(shop))
        assert not waits.done()
    await waits
    assert await shop.shelf(gayo) == (5, 2)


async def test_what_follows_is_told_in_the_name_of_each_caller(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    orders = {f"request-{number}": await shop.an_order((gayo, 1)) for number in range(3)}

    async def confirm(request_id: str) -> None:
        with tracing.active(tracing.begin(request_id)):
            await shop.confirm(AGENT, orders[request_id], ASKING)

    await asyncio.gather(*map(confirm, orders))
    told = "SELECT body ->> 'order_id', headers ->> 'x-request-id' FROM outbox WHERE type <> 'orders.created.v1'"
    assert sorted(await shop.sql(told)) == sorted((str(one), name) for name, one in orders.items() for _ in range(2))


async def test_what_a_batch_asks_of_the_database_does_not_grow_with_it(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=100)
    few, many = [[await shop.an_order((gayo, 1)) for _ in range(size)] for size in (2, 20)]
    asked: list[str] = []

    def note(*given: Any) -> None:
        asked.append(given[2])

    event.listen(shop.database._engine.sync_engine, "before_cursor_execute", note)
    counts = []
    for orders in (few, many):
        asked.clear()
        wishes = [a_wish(one, asking=keyed(str(one))) for one in orders]
        assert set(await decided(shop, *wishes)) == {"done"}
        counts.append(len(asked))
    assert counts[0] == counts[1]


async def test_a_changed_price_is_in_the_order_for_each_of_them(shop: Shop) -> None:
    gayo = await shop.product("GAYO", price=10_000, stock=10)
    orders = [await shop.an_order((gayo, 1)) for _ in range(3)]
    await shop.sql("UPDATE product_variants SET price = 12500")
    results = await asyncio.gather(*(shop.confirm(AGENT, one, ASKING) for one in orders), return_exceptions=True)
    assert [type(one) for one in results] == [PriceChanged] * 3
    assert [(await shop.order(one)).total for one in orders] == [12_500] * 3
    assert await outcomes(*(shop.confirm(AGENT, one, ASKING) for one in orders)) == ["done"] * 3
    assert (await shop.order(orders[0])).status is OrderStatus.CONFIRMED
