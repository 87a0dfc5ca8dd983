"""Of confirms that come twice in one batch, by key, token or order, one is done, and the others are told so."""

import asyncio

from sqlalchemy import text

from ai_platform.commerce.application.second_step import Yes
from ai_platform.commerce.domain.confirmation import Action
from tests.integration.orders.shop import AGENT, ASKING, Shop, outcomes
from tests.integration.orders.together import a_wish, decided, keyed, somebody_waits
from tests.support import eventually


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
        await eventually(lambda: somebody_waits(shop))
        assert await decided(next_door, a_wish(one, asking=keyed("k"))) == ["idempotency_in_progress"]
        second = asyncio.create_task(decided(next_door, a_wish(one, asking=keyed("k")), a_wish(other)))
    assert not (await first).is_replay
    assert (await second)[1] == "done"


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
