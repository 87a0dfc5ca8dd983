"""The second step of an order: a summary brings it up to date, and its token says yes once."""

import pytest

from ai_platform.commerce.application.order_ports import Wanted
from ai_platform.commerce.application.second_step import Yes, redeem
from ai_platform.commerce.domain.confirmation import Action
from ai_platform.commerce.domain.order_errors import ConfirmationRefused, OutOfStock
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.commerce.shop_counter import STRANGER, Counter, Shop, once


class SecondStep:
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
