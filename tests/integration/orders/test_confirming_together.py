"""Confirms that come at the same moment share a commit, and nothing else: each is decided for itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest_asyncio
from sqlalchemy import event, text

from ai_platform.commerce.application.confirming import Wish
from ai_platform.commerce.application.second_step import Yes
from ai_platform.commerce.domain.confirmation import Action
from ai_platform.commerce.domain.order_errors import PriceChanged
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.kernel.errors import PlatformError
from ai_platform.kernel.once import Answer, Asking, Once
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime import tracing
from ai_platform.runtime.db import Database
from tests.integration.orders.shop import AGENT, ASKING, Shop, outcomes
from tests.support import eventually


@pytest_asyncio.fixture
async def next_door(database_url: str) -> AsyncIterator[Shop]:
    """The same shop, served by another gateway."""
    database = Database(database_url)
    yield Shop(database)
    await database.close()


def a_wish(order_id: UUID, **more: Any) -> Wish:
    return Wish(**{"tenant_id": DEFAULT_TENANT, "order_id": order_id, "asking": ASKING, **more})


def keyed(key: str, fingerprint: bytes = b"f") -> Any:
    return Asking(ASKING.worded, Once(actor="a", path="/confirm", key=key, fingerprint=fingerprint))


async def decided(shop: Shop, *wishes: Wish) -> list[str | None]:
    """Of one batch: `done`, `replay`, the code of the refusal, or None for what is left to be decided alone."""
    return [_told(one) for one in await shop.together(wishes)]


def _told(outcome: Answer | PlatformError | None) -> str | None:
    if isinstance(outcome, Answer):
        return "replay" if outcome.is_replay else "done"
    return None if outcome is None else outcome.stable_code


async def _who_wait(shop: Shop, wanted: int) -> bool:
    [(waiting,)] = await shop.sql("SELECT count(*) FROM pg_locks WHERE NOT granted")
    return bool(waiting >= wanted)


async def _somebody_waits(shop: Shop) -> bool:
    return await _who_wait(shop, 1)


async def statuses(shop: Shop, orders: Sequence[UUID]) -> list[str]:
    return [(await shop.order(one)).status.value for one in orders]


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
        await eventually(lambda: _who_wait(shop, 2))
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
        await eventually(lambda: _somebody_waits(shop))
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
        await eventually(lambda: _somebody_waits(shop))
        calls[1].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in results] == [Answer, asyncio.CancelledError, Answer]
    assert await statuses(shop, orders) == ["CONFIRMED"] * 3
    assert (await shop.shelf(gayo), await shop.reservations(orders[1])) == ((5, 3), ["held"])
    assert (await shop.confirm(AGENT, orders[1], keyed(str(orders[1])))).is_replay


async def test_of_twins_in_one_batch_the_second_sees_what_became_of_the_first(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    order_id = await shop.an_order((gayo, 2))
    assert await decided(shop, a_wish(order_id), a_wish(order_id)) == ["done", None]
    other = await shop.an_order((gayo, 1))
    results = await outcomes(*(shop.confirm(AGENT, other, ASKING) for _ in range(3)))
    assert results == ["done", "invalid_transition", "invalid_transition"]
    assert (await shop.shelf(gayo), await shop.reservations(other)) == ((5, 3), ["held"])


async def test_the_same_request_twice_in_one_batch_is_done_once_and_answered_twice(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    order_id = await shop.an_order((gayo, 1))
    answers = await asyncio.gather(*(shop.confirm(AGENT, order_id, keyed("k")) for _ in range(3)))
    assert sorted(one.is_replay for one in answers) == [False, True, True]
    assert answers[0].body == answers[1].body == answers[2].body
    assert (await shop.shelf(gayo), await shop.reservations(order_id)) == ((5, 1), ["held"])


async def test_one_key_for_two_orders_is_refused_to_the_second(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    one, other = await shop.an_order((gayo, 1)), await shop.an_order((gayo, 1))
    calls = [shop.confirm(AGENT, one, keyed("k", b"one")), shop.confirm(AGENT, other, keyed("k", b"other"))]
    assert await outcomes(*calls) == ["done", "idempotency_key_reused"]
    fresh, third = a_wish(other, asking=keyed("n")), await shop.an_order((gayo, 1))
    wishes = [fresh, a_wish(third, asking=keyed("k", b"third")), a_wish(one, asking=keyed("k", b"one"))]
    assert await decided(shop, *wishes) == ["done", "idempotency_key_reused", None]
    assert await decided(shop, a_wish(one, asking=keyed("k", b"one")), a_wish(third)) == ["replay", "done"]


async def test_a_key_that_another_gateway_works_on_is_in_progress(shop: Shop, next_door: Shop) -> None:
    gayo = await shop.product("GAYO")
    one, other = await shop.an_order((gayo, 1)), await shop.an_order((gayo, 1))
    async with shop.database.transaction(None) as somebody:
        await somebody.execute(text("UPDATE product_variants SET price = price"))
        first = asyncio.create_task(shop.confirm(AGENT, one, keyed("k")))
        await eventually(lambda: _somebody_waits(shop))
        assert await decided(next_door, a_wish(one, asking=keyed("k"))) == ["idempotency_in_progress"]
        second = asyncio.create_task(decided(next_door, a_wish(one, asking=keyed("k")), a_wish(other)))
    assert not (await first).is_replay
    assert (await second)[1] == "done"


async def test_an_order_that_somebody_has_in_hand_holds_up_nobody_but_itself(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    taken, free = await shop.an_order((gayo, 1)), await shop.an_order((gayo, 1))
    async with shop.database.transaction(None) as other:
        await other.execute(text("SELECT 1 FROM orders WHERE id = :id FOR UPDATE").bindparams(id=taken))
        waits = asyncio.create_task(shop.confirm(AGENT, taken, ASKING))
        await asyncio.wait_for(shop.confirm(AGENT, free, ASKING), 10)
        await eventually(lambda: _somebody_waits(shop))
        assert not waits.done()
    await waits
    assert await shop.shelf(gayo) == (5, 2)


async def test_tokens_are_used_by_those_they_were_given_to(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    one, other, third = [await shop.an_order((gayo, 1)) for _ in range(3)]
    tokens = [(await shop.ask(AGENT, order_id, Action.CONFIRM)).token for order_id in (one, third)]
    wishes = [a_wish(other, yes=Yes(token=tokens[0])), a_wish(one, yes=Yes(token=tokens[0]))]
    wishes.append(a_wish(third, yes=Yes(token=tokens[1])))
    assert await decided(shop, *wishes) == ["confirmation_invalid", "done", "done"]
    assert await shop.sql("SELECT count(*) FROM order_confirmations WHERE used_at IS NOT NULL") == [(2,)]


async def test_a_token_of_who_was_refused_for_want_of_goods_still_works(shop: Shop) -> None:
    gayo, rare = await shop.product("GAYO"), await shop.product("RARE", stock=0)
    one, other = await shop.an_order((gayo, 1)), await shop.an_order((rare, 1))
    await shop.sql("UPDATE product_variants SET stock = 1 WHERE id = :id", id=rare)
    token = (await shop.ask(AGENT, other, Action.CONFIRM)).token
    await shop.sql("UPDATE product_variants SET stock = 0 WHERE id = :id", id=rare)
    assert await decided(shop, a_wish(one), a_wish(other, yes=Yes(token=token))) == ["done", "out_of_stock"]
    await shop.sql("UPDATE product_variants SET stock = 1 WHERE id = :id", id=rare)
    await shop.confirm(AGENT, other, ASKING, yes=Yes(token=token))


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
