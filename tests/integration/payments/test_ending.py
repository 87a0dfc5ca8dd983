"""Expiry, cancelling, and money that comes when nobody waits for it any more."""

from tests.integration.payments.conftest import Shop
from tests.twins.midtrans_server import MidtransTwin


async def sell_out(shop: Shop) -> None:
    await shop.answer("POST", f"/v1/crm/orders/{(await shop.confirmed(10))['id']}/payment", 201)


async def test_a_payment_expires_at_the_provider_first(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    reference = await shop.reference(order)
    midtrans.books.choose(reference)
    await shop.pass_expiry("payments", order["payment"]["id"])
    await shop.later()
    assert midtrans.books.status(reference)["transaction_status"] == "expire"
    assert (await shop.order(order))["payment_status"] == "EXPIRED"
    assert await shop.stock() == (10, 2)


async def test_a_payment_that_was_paid_in_its_last_second_is_paid(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    midtrans.books.pay(await shop.reference(order))
    await shop.pass_expiry("payments", order["payment"]["id"])
    await shop.later()
    assert (await shop.order(order))["payment_status"] == "PAID"


async def test_an_order_that_expires_asks_the_provider_before_it_lets_the_goods_go(
    shop: Shop, midtrans: MidtransTwin
) -> None:
    unpaid, paid_late = await shop.payable(1), await shop.payable(2)
    midtrans.books.pay(await shop.reference(paid_late))
    for order in (unpaid, paid_late):
        await shop.pass_expiry("orders", order["id"])
    await shop.platform.commerce.work.expire_overdue()
    assert (await shop.order(unpaid))["status"] == "CANCELLED"
    assert (await shop.order(paid_late))["status"] == "PROCESSING"
    assert await shop.stock() == (8, 0)


async def test_an_order_does_not_expire_while_nobody_knows_of_its_money(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    await shop.pass_expiry("orders", order["id"])
    midtrans.faults.next("error", times=3)
    await shop.platform.commerce.work.expire_overdue()
    assert (await shop.order(order))["status"] == "CONFIRMED"
    assert await shop.stock() == (10, 2)


async def test_cancelling_ends_the_payment_first(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    reference = await shop.reference(order)
    midtrans.books.choose(reference)
    cancelled = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 200)
    assert (cancelled["status"], cancelled["payment_status"]) == ("CANCELLED", "CANCELLED")
    assert midtrans.books.status(reference)["transaction_status"] == "cancel"
    assert await shop.stock() == (10, 0)


async def test_whoever_cancels_what_was_paid_meanwhile_gives_the_money_back(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    reference = await shop.reference(order)
    midtrans.books.pay(reference, "gopay")
    cancelled = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 200)
    assert (cancelled["status"], cancelled["payment_status"]) == ("CANCELLED", "REFUNDED")
    assert midtrans.books.status(reference)["transaction_status"] == "refund"
    assert await shop.stock() == (10, 0)


async def test_money_after_the_end_takes_the_goods_again(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 200)
    await shop.notified("midtrans", midtrans.books.pay(await shop.reference(order)))
    await shop.work()
    late = await shop.order(order)
    assert (late["status"], late["payment_status"]) == ("PROCESSING", "PAID")
    assert await shop.stock() == (8, 0)


async def test_money_for_what_is_sold_out_is_owed(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 200)
    await sell_out(shop)
    await shop.notified("midtrans", midtrans.books.pay(await shop.reference(order), "gopay"))
    await shop.work()
    payment = await shop.payment(order)
    assert (payment["status"], payment["flags"]) == ("PAID", ["needs_refund"])
    assert len(await shop.told("orders.money_needs_refund.v1")) == 1
    assert (await shop.reconciled())["flagged"] == 1
    await shop.answer("POST", f"/v1/crm/payments/{payment['id']}/refund", 200, json={"reason": "habis"})
    assert (await shop.payment(order))["flags"] == []
    assert await shop.stock() == (10, 10)


async def test_a_second_attempt_that_is_paid_too_is_owed(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    first = await shop.reference(order)
    await shop.pass_expiry("payments", order["payment"]["id"])
    await shop.later()
    again = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 201)
    second = await shop.reference(again)
    for reference in (first, second):
        await shop.notified("midtrans", midtrans.books.pay(reference))
    await shop.work()
    assert (await shop.order(order))["payment_status"] == "PAID"
    statuses = await shop.platform.rows("SELECT status, flags FROM payments ORDER BY attempt")
    assert [one[0] for one in statuses] == ["PAID", "PAID"]
    assert sorted(map(tuple, (one[1] for one in statuses))) == [(), ("needs_refund",)]
    assert await shop.stock() == (8, 0)


async def test_an_attempt_that_money_made_needless_is_called_off(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    first = await shop.reference(order)
    await shop.pass_expiry("payments", order["payment"]["id"])
    await shop.later()
    again = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 201)
    await shop.notified("midtrans", midtrans.books.pay(first))
    await shop.work()
    assert (await shop.payment(again))["status"] == "CANCELLED"
    assert (await shop.order(order))["payment_status"] == "PAID"
