"""Cancelling and expiring: the provider is asked first, the goods are free exactly once, and money always wins."""

import asyncio

import pytest

from ai_platform.commerce.application.expire_order import ASKED_AGAIN_AFTER
from ai_platform.commerce.domain.order_errors import InvalidOrderStep, OwnersDecision
from ai_platform.commerce.domain.order_status import Hold, OrderStatus, PaymentStatus
from ai_platform.kernel.errors import InvalidInput, Unavailable
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.integration.orders.shop import AGENT, ASKING, OWNER, Shop, outcomes

CANCELLED, CONFIRMED, PROCESSING = OrderStatus.CANCELLED, OrderStatus.CONFIRMED, OrderStatus.PROCESSING
AWAY = Unavailable("The provider does not answer.")


async def test_cancelling_frees_the_goods_once(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    results = await outcomes(*(shop.cancel(AGENT, order_id, "changed my mind") for _ in range(5)))
    assert results == ["done"] + ["invalid_transition"] * 4
    assert (await shop.shelf(gayo), await shop.reservations(order_id)) == ((5, 0), ["released"])
    assert (await shop.order(order_id)).cancel_reason == "changed my mind"
    assert (await shop.told(order_id)).count("orders.cancelled.v1") == 1


async def test_a_pending_order_is_cancelled_without_asking_anybody(shop: Shop) -> None:
    order_id = await shop.an_order((await shop.product("GAYO"), 1))
    await shop.cancel(AGENT, order_id, "")
    assert (await shop.state(order_id), shop.desk.asked) == ((CANCELLED, PaymentStatus.PENDING), [])


async def test_confirming_and_cancelling_at_once_leaves_nothing_reserved_for_a_cancelled_order(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=50)
    for _ in range(5):
        order_id = await shop.an_order((gayo, 1))
        await outcomes(shop.confirm(AGENT, order_id, ASKING), shop.cancel(AGENT, order_id, "no"))
        status, _ = await shop.state(order_id)
        assert status is CANCELLED
    assert await shop.shelf(gayo) == (50, 0)


async def test_the_payment_under_way_is_ended_at_the_provider_first(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    await shop.begin_payment(order_id)
    shop.desk.says = PaymentStatus.CANCELLED
    await shop.cancel(AGENT, order_id, "no")
    assert shop.desk.asked == ["end"]
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((CANCELLED, PaymentStatus.CANCELLED), (5, 0))


async def test_a_provider_that_does_not_answer_keeps_the_order_as_it_is(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    await shop.begin_payment(order_id)
    shop.desk.says = AWAY
    with pytest.raises(Unavailable):
        await shop.cancel(AGENT, order_id, "no")
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((CONFIRMED, PaymentStatus.PENDING_PAYMENT), (5, 2))


async def test_who_paid_before_the_cancel_reached_the_provider_has_paid(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    await shop.begin_payment(order_id)
    shop.desk.says = PaymentStatus.PAID
    with pytest.raises(OwnersDecision):
        await shop.cancel(AGENT, order_id, "no")
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((PROCESSING, PaymentStatus.PAID), (3, 0))


async def test_only_an_owner_cancels_a_paid_order_and_that_gives_the_money_back(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id, _ = await shop.paid_order((gayo, 2))
    with pytest.raises(OwnersDecision):
        await shop.cancel(AGENT, order_id, "no")
    await shop.cancel(OWNER, order_id, "damaged")
    order = await shop.order(order_id)
    assert (order.status, order.payment_status, order.hold) == (CANCELLED, PaymentStatus.REFUNDED, None)
    assert (order.cancel_reason, await shop.shelf(gayo)) == ("damaged", (5, 0))


async def test_while_nobody_knows_whether_the_money_went_back_nothing_is_sent(shop: Shop) -> None:
    order_id, _ = await shop.paid_order((await shop.product("GAYO"), 1))
    shop.desk.says = AWAY
    with pytest.raises(Unavailable):
        await shop.cancel(OWNER, order_id, "damaged")
    assert (await shop.order(order_id)).hold is Hold.CANCELLING
    sent = shop.move(AGENT, order_id, OrderStatus.SHIPPED, reason="", asking=ASKING)
    assert await outcomes(sent) == ["order_on_hold"]
    shop.desk.says = PaymentStatus.EXPIRED
    await shop.cancel(OWNER, order_id, "damaged")
    assert await shop.state(order_id) == (CANCELLED, PaymentStatus.REFUNDED)


async def test_what_was_sent_is_not_cancelled(shop: Shop) -> None:
    order_id, _ = await shop.paid_order((await shop.product("GAYO"), 1))
    await shop.move(AGENT, order_id, OrderStatus.SHIPPED, reason="", asking=ASKING)
    with pytest.raises(InvalidOrderStep) as refused:
        await shop.cancel(OWNER, order_id, "no")
    assert refused.value.facts == {"allowed": ["DELIVERED"]}


async def test_an_unpaid_order_expires_and_its_goods_are_free(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    await shop.expire(DEFAULT_TENANT, order_id)
    assert (await shop.state(order_id))[0] is CONFIRMED
    shop.clock.pass_(hours=24, seconds=1)
    await asyncio.gather(*(shop.expire(DEFAULT_TENANT, order_id) for _ in range(4)))
    order = await shop.order(order_id)
    assert (order.status, order.cancel_reason, await shop.shelf(gayo)) == (CANCELLED, "expired", (5, 0))
    assert await shop.reservations(order_id) == ["released"]


async def test_expiry_asks_the_provider_first_and_believes_it(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    await shop.begin_payment(order_id)
    shop.clock.pass_(hours=25)
    shop.desk.says = PaymentStatus.PAID
    await shop.expire(DEFAULT_TENANT, order_id)
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((PROCESSING, PaymentStatus.PAID), (3, 0))


async def test_while_the_provider_does_not_answer_the_goods_stay_reserved_and_it_is_asked_again(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    order_id = await shop.confirmed((gayo, 2))
    await shop.begin_payment(order_id)
    shop.clock.pass_(hours=25)
    shop.desk.says = AWAY
    await shop.expire(DEFAULT_TENANT, order_id)
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((CONFIRMED, PaymentStatus.PENDING_PAYMENT), (5, 2))
    assert (await shop.told(order_id)).count("commerce.order_expires") == 2
    shop.clock.pass_(seconds=ASKED_AGAIN_AFTER.total_seconds() + 1)
    shop.desk.says = PaymentStatus.EXPIRED
    await shop.expire(DEFAULT_TENANT, order_id)
    assert (await shop.state(order_id), await shop.shelf(gayo)) == ((CANCELLED, PaymentStatus.EXPIRED), (5, 0))


async def test_whoever_is_overdue_is_found_though_every_wake_up_was_lost(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    early, late = await shop.confirmed((gayo, 1)), await shop.confirmed((gayo, 1))
    paid, _ = await shop.paid_order((gayo, 1))
    await shop.sql("DELETE FROM outbox")
    assert await shop.expire_overdue() == 0
    shop.clock.pass_(hours=25)
    assert await shop.expire_overdue() == 2
    assert {(await shop.state(one))[0] for one in (early, late)} == {CANCELLED}
    assert ((await shop.state(paid))[0], await shop.shelf(gayo)) == (PROCESSING, (4, 0))


async def test_one_that_cannot_be_ended_keeps_no_other_from_it(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=5)
    odd, plain = await shop.confirmed((gayo, 1)), await shop.confirmed((gayo, 1))
    await shop.begin_payment(odd)
    shop.clock.pass_(hours=25)
    shop.desk.says = InvalidInput("Nobody thought of this.")
    with pytest.raises(ExceptionGroup, match="could not be ended"):
        await shop.expire_overdue()
    assert [(await shop.state(one))[0] for one in (odd, plain)] == [CONFIRMED, CANCELLED]


async def test_a_wake_up_for_an_order_that_does_not_exist_is_nothing(shop: Shop) -> None:
    await shop.expire(DEFAULT_TENANT, new_id())


async def test_money_and_expiry_at_once_leave_it_paid_or_paid_late(shop: Shop) -> None:
    gayo = await shop.product("GAYO", stock=20)
    for _ in range(5):
        order_id = await shop.confirmed((gayo, 1))
        payment_id = await shop.begin_payment(order_id)
        shop.clock.pass_(hours=25)
        await asyncio.gather(shop.paid(order_id, payment_id), shop.expire(DEFAULT_TENANT, order_id))
        assert await shop.state(order_id) == (PROCESSING, PaymentStatus.PAID)
    assert await shop.shelf(gayo) == (15, 0)
