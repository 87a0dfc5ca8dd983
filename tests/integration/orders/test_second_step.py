"""Two steps: what was shown is what is done, once, and not before the customer has answered."""

from datetime import timedelta
from uuid import UUID

import pytest

from ai_platform.commerce.application.order_ports import Wanted
from ai_platform.commerce.application.second_step import Yes
from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.confirmation import Action
from ai_platform.commerce.domain.order_errors import ConfirmationRefused, InvalidOrderStep, OutOfStock
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.kernel.ids import new_id
from tests.integration.orders.shop import AGENT, ASKING, Shop, outcomes

HOME = Address(street="Jl. Braga 12", city="Bandung")


async def test_a_summary_has_todays_prices_and_its_token_confirms_it(shop: Shop) -> None:
    gayo = await shop.product("GAYO", price=10_000)
    order_id = await shop.an_order((gayo, 2))
    await shop.sql("UPDATE product_variants SET price = 12000")
    summary = await shop.ask(AGENT, order_id, Action.CONFIRM, shipping_address=HOME)
    assert (summary.order.total, summary.shipping_address) == (24_000, HOME)
    await shop.confirm(AGENT, order_id, ASKING, yes=Yes(token=summary.token))
    order = await shop.order(order_id)
    assert (order.status, order.shipping_address) == (OrderStatus.CONFIRMED, HOME)


async def test_a_token_works_once(shop: Shop) -> None:
    order_id = await shop.an_order((await shop.product("GAYO"), 1))
    token = (await shop.ask(AGENT, order_id, Action.CONFIRM)).token
    calls = [shop.confirm(AGENT, order_id, ASKING, yes=Yes(token=token)) for _ in range(4)]
    assert await outcomes(*calls) == ["confirmation_invalid"] * 3 + ["done"]


async def refused(shop: Shop, order_id: UUID, token: str, *, why: str) -> None:
    with pytest.raises(ConfirmationRefused, match=why):
        await shop.confirm(AGENT, order_id, ASKING, yes=Yes(token=token))
    assert (await shop.order(order_id)).status is OrderStatus.PENDING


async def test_an_order_that_changed_since_is_shown_again(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    order_id = await shop.an_order((gayo, 1))
    token = (await shop.ask(AGENT, order_id, Action.CONFIRM)).token
    await shop.add(AGENT, order_id, Wanted(variant_id=gayo, quantity=1), ASKING)
    await refused(shop, order_id, token, why="changed")


async def test_a_token_is_for_its_order_and_its_action(shop: Shop) -> None:
    gayo = await shop.product("GAYO")
    one, other = await shop.an_order((gayo, 1)), await shop.an_order((gayo, 1))
    await refused(shop, other, (await shop.ask(AGENT, one, Action.CONFIRM)).token, why="something else")
    await refused(shop, one, (await shop.ask(AGENT, one, Action.CANCEL)).token, why="something else")
    await refused(shop, one, "cnf_made_up", why="no such")


async def test_a_token_grows_old(shop: Shop) -> None:
    order_id = await shop.an_order((await shop.product("GAYO"), 1))
    token = (await shop.ask(AGENT, order_id, Action.CONFIRM)).token
    shop.clock.pass_(minutes=30)
    await refused(shop, order_id, token, why="old")


async def test_in_a_conversation_the_customer_answers_first(shop: Shop) -> None:
    order_id = await shop.an_order((await shop.product("GAYO"), 1))
    summary = await shop.ask(AGENT, order_id, Action.CONFIRM, conversation_id=new_id())
    await refused(shop, order_id, summary.token, why="answered")
    too_early = Yes(token=summary.token, said_at=shop.clock.now() - timedelta(minutes=1))
    assert await outcomes(shop.confirm(AGENT, order_id, ASKING, yes=too_early)) == ["confirmation_invalid"]
    await shop.confirm(AGENT, order_id, ASKING, yes=Yes(token=summary.token, said_at=shop.clock.now()))


async def test_another_address_than_the_one_shown_is_refused(shop: Shop) -> None:
    order_id = await shop.an_order((await shop.product("GAYO"), 1))
    token = (await shop.ask(AGENT, order_id, Action.CONFIRM, shipping_address=HOME)).token
    elsewhere = Address(city="Medan")
    confirming = shop.confirm(AGENT, order_id, ASKING, shipping_address=elsewhere, yes=Yes(token=token))
    assert await outcomes(confirming) == ["confirmation_invalid"]


async def test_a_refused_confirmation_leaves_the_token_for_another_try(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=1)
    order_id = await shop.an_order((gayo, 1))
    yes = Yes(token=(await shop.ask(AGENT, order_id, Action.CONFIRM)).token)
    other = await shop.confirmed((gayo, 1))
    assert await outcomes(shop.confirm(AGENT, order_id, ASKING, yes=yes)) == ["out_of_stock"]
    await shop.cancel(AGENT, other, "no")
    await shop.confirm(AGENT, order_id, ASKING, yes=yes)


async def test_what_cannot_be_had_is_not_shown(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=1)
    order_id = await shop.an_order((gayo, 2))
    with pytest.raises(OutOfStock):
        await shop.ask(AGENT, order_id, Action.CONFIRM)
    with pytest.raises(InvalidOrderStep):
        await shop.ask(AGENT, order_id, Action.PAYMENT)


async def test_a_token_cancels(shop: Shop) -> None:
    order_id = await shop.confirmed((await shop.product("GAYO"), 1))
    token = (await shop.ask(AGENT, order_id, Action.CANCEL)).token
    await shop.cancel(AGENT, order_id, "said so", yes=Yes(token=token))
    assert (await shop.order(order_id)).status is OrderStatus.CANCELLED


async def test_the_token_itself_is_not_kept(shop: Shop) -> None:
    order_id = await shop.an_order((await shop.product("GAYO"), 1))
    token = (await shop.ask(AGENT, order_id, Action.CONFIRM)).token
    rows = await shop.sql("SELECT to_jsonb(order_confirmations)::text FROM order_confirmations")
    assert token not in rows[0][0]
