"""Expiry, cancelling, refunds, and money that comes when nobody waits for it any more."""

import asyncio
from typing import Any

import pytest

from tests.integration.payments.conftest import SANDBOX, XENDIT, OpenShop, Shop
from tests.twins.midtrans_server import MidtransTwin
from tests.twins.xendit_server import XenditTwin


async def paid(shop: Shop, midtrans: MidtransTwin, payment_type: str = "gopay", quantity: int = 2) -> dict[str, Any]:
    order = await shop.payable(quantity)
    await shop.notified("midtrans", midtrans.books.pay(await shop.reference(order), payment_type))
    await shop.work()
    return await shop.order(order)


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


async def test_a_part_goes_back_and_then_the_rest(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await paid(shop, midtrans)
    path = f"/v1/crm/payments/{order['payment']['id']}/refund"
    part = await shop.answer("POST", path, 200, json={"amount": "50000", "reason": "satu rusak"})
    assert (part["status"], part["refunded"]["amount"]) == ("PARTIALLY_REFUNDED", "50000")
    assert (await shop.order(order))["status"] == "PROCESSING"
    too_much = await shop.answer("POST", path, 409, json={"amount": 100_001, "reason": "x"})
    assert too_much["code"] == "refund_too_large"
    rest = await shop.answer("POST", path, 200, json={"reason": "semua"})
    assert (rest["status"], [one["status"] for one in rest["refunds"]]) == ("REFUNDED", ["done", "done"])
    assert (await shop.order(order))["status"] == "CANCELLED"
    assert await shop.stock() == (10, 0)
    assert (await shop.reconciled())["clean"]


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "x", "amount": 0.5},
        {"reason": "x", "amount": -1},
        {"reason": "x", "amount": "NaN"},
        {"reason": "x", "amount": {"amount": "1", "currency": "USD"}},
        {"reason": "x", "amount": 10**18},
        {"reason": ""},
        {},
    ],
)
async def test_a_refund_of_nonsense_changes_nothing(shop: Shop, midtrans: MidtransTwin, body: dict[str, Any]) -> None:
    order = await paid(shop, midtrans)
    await shop.answer("POST", f"/v1/crm/payments/{order['payment']['id']}/refund", 422, json=body)
    assert (await shop.payment(order))["refunds"] == []


async def test_the_same_key_refunds_once(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await paid(shop, midtrans)
    path, key = f"/v1/crm/payments/{order['payment']['id']}/refund", {"Idempotency-Key": "r"}
    wish = {"amount": 10_000, "reason": "x"}
    answers = await asyncio.gather(*(shop.http.post(path, json=wish, headers=key) for _ in range(5)))
    assert {one.status_code for one in answers} <= {200, 409}
    again = await shop.http.post(path, json=wish, headers=key)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["refunded"]["amount"] == "10000"


async def test_a_refund_whose_answer_got_lost_is_carried_out_once(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await paid(shop, midtrans)
    path = f"/v1/crm/payments/{order['payment']['id']}/refund"
    midtrans.faults.next("lost", path="/refund")
    await shop.answer("POST", path, 503, json={"amount": 50_000, "reason": "x"})
    other = await shop.answer("POST", path, 409, json={"amount": 60_000, "reason": "x"})
    assert other["code"] == "refund_in_progress"
    await shop.later()
    payment = await shop.payment(order)
    assert (payment["status"], payment["refunded"]["amount"]) == ("PARTIALLY_REFUNDED", "50000")
    assert [one["status"] for one in payment["refunds"]] == ["done"]


async def test_what_the_provider_cannot_give_back_goes_back_by_hand(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await paid(shop, midtrans, "bank_transfer")
    path = f"/v1/crm/payments/{order['payment']['id']}/refund"
    refused = await shop.answer("POST", path, 409, json={"reason": "x"})
    assert refused["code"] == "refund_by_hand"
    cancel = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 409)
    assert cancel["code"] == "refund_by_hand"
    done = await shop.answer("POST", path, 200, json={"reason": "ditransfer", "by_hand": True})
    assert done["status"] == "REFUNDED"
    assert (await shop.order(order))["status"] == "CANCELLED"
    assert await shop.stock() == (10, 0)


async def test_who_repeats_a_cancellation_is_told_that_the_money_went_back(shop: Shop, midtrans: MidtransTwin) -> None:
    """The first was cut off between the provider's yes and the news of it."""
    order = await paid(shop, midtrans)
    midtrans.faults.next("error", path="/status")
    await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 503)
    again = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 200)
    assert (again["status"], again["payment_status"]) == ("CANCELLED", "REFUNDED")
    assert await shop.stock() == (10, 0)


async def test_a_refusal_is_said_again_to_who_repeats_the_key(shop: Shop, midtrans: MidtransTwin) -> None:
    """Who did not hear it must not take the repeat's answer for money that went back."""
    order = await paid(shop, midtrans, "bank_transfer")
    path, key = f"/v1/crm/payments/{order['payment']['id']}/refund", {"Idempotency-Key": "r"}
    for _ in range(2):
        refused = await shop.answer("POST", path, 409, json={"reason": "x"}, headers=key)
        assert refused["code"] == "refund_by_hand"
    assert (await shop.payment(order))["refunded"]["amount"] == "0"


async def test_giving_money_back_is_the_owners(shop: Shop, midtrans: MidtransTwin, open_shop: OpenShop) -> None:
    order = await paid(shop, midtrans)
    path = f"/v1/crm/payments/{order['payment']['id']}"
    other = await open_shop(SANDBOX)
    assert (await other.http.get(path)).status_code == 404
    assert (await other.http.post(f"{path}/refund", json={"reason": "x"})).status_code == 404
    async with shop.platform.caller(await shop.platform.key(str(shop.id))) as agent:
        assert (await agent.get(path)).status_code == 200
        assert (await agent.post(f"{path}/refund", json={"reason": "x"})).status_code == 403
    assert (await shop.platform.http.get(path)).status_code == 200


async def test_a_provider_that_refuses_leaves_the_order_payable(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.confirmed()
    midtrans.books.server_key = "changed"
    refused = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 409)
    assert refused["code"] == "payment_provider_refused"
    assert (await shop.order(order))["payment_status"] == "FAILED"
    midtrans.books.server_key = "SB-Mid-server-TEST"
    again = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 201)
    assert again["payment"]["status"] == "PENDING_PAYMENT"


@pytest.mark.parametrize("fault", ["error", "hang", "lost"])
async def test_a_provider_that_is_away_is_asked_again_under_the_same_reference(
    open_shop: OpenShop, xendit: XenditTwin, fault: str
) -> None:
    shop = await open_shop(XENDIT)
    order = await shop.confirmed()
    xendit.faults.next(fault, path="/v2/invoices")
    refused = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 503)
    assert refused["code"] == "payment_provider_unavailable"
    again = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 200)
    assert again["payment"]["url"]
    assert len(xendit.books.invoices) == 1


async def test_a_payment_that_nobody_finished_opening_is_opened_by_the_worker(
    open_shop: OpenShop, xendit: XenditTwin
) -> None:
    """As after a death between the provider's answer and our commit."""
    shop = await open_shop(XENDIT)
    order = await shop.confirmed()
    xendit.faults.next("lost", path="/v2/invoices")
    await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 503)
    await shop.later()
    opened = await shop.order(order)
    assert opened["payment"]["url"] == next(iter(xendit.books.invoices.values()))["invoice_url"]


async def test_a_tenant_without_credentials_is_told_so(open_shop: OpenShop) -> None:
    shop = await open_shop({"payment_provider": "xendit"})
    order = await shop.payable()
    assert order["payment"]["provider"] == "sandbox"  # it stands in, in development
