"""Money on its way back: what is asked for again meanwhile, refused after all, or came twice."""

from tests.integration.payments.conftest import XENDIT, OpenShop, Shop, paid
from tests.twins.midtrans_server import MidtransTwin
from tests.twins.xendit_server import XenditTwin


async def test_what_was_paid_twice_goes_back_once_and_the_order_stays_paid(
    open_shop: OpenShop, xendit: XenditTwin
) -> None:
    """Xendit knows no idempotency: two invoices of one reference may both be paid."""
    shop = await open_shop(XENDIT)
    order = await shop.payable()
    reference = await shop.reference(order)
    xendit.books.create({"external_id": reference, "amount": 150_000})
    for which in (0, 1):
        xendit.books.pay(reference, which=which)
    await shop.later()
    payment = await shop.payment(order)
    assert (payment["status"], payment["flags"]) == ("PAID", ["paid_twice"])
    assert len(await shop.told("payments.flagged.v1")) == 1
    surplus = {"amount": 150_000, "reason": "dua kali", "by_hand": True}
    payment = await shop.answer("POST", f"/v1/crm/payments/{payment['id']}/refund", 200, json=surplus)
    assert (payment["status"], payment["flags"]) == ("PAID", [])
    assert (await shop.order(order))["payment_status"] == "PAID"
    customer = await shop.answer("GET", f"/v1/crm/customers/{shop.customer_id}", 200)
    assert customer["total_spent"]["amount"] == "150000"
    assert (await shop.reconciled())["clean"]
    rest = {"reason": "batal", "by_hand": True}
    payment = await shop.answer("POST", f"/v1/crm/payments/{payment['id']}/refund", 200, json=rest)
    assert payment["refunded"]["amount"] == "300000"
    order = await shop.order(order)
    assert (order["status"], order["payment_status"]) == ("CANCELLED", "REFUNDED")
    assert (await shop.reconciled())["clean"]


async def test_an_order_is_not_cancelled_by_the_part_that_is_just_going_back(
    shop: Shop, midtrans: MidtransTwin
) -> None:
    order = await paid(shop, midtrans)
    refund = f"/v1/crm/payments/{order['payment']['id']}/refund"
    midtrans.faults.next("error", path="/refund")
    await shop.answer("POST", refund, 503, json={"amount": 50_000, "reason": "x"})
    refused = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 409)
    assert refused["code"] == "refund_in_progress"
    assert (await shop.order(order))["hold"] is None
    await shop.later()
    cancelled = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 200)
    assert (cancelled["status"], cancelled["payment_status"]) == ("CANCELLED", "REFUNDED")


async def test_whoever_asks_again_to_cancel_while_the_money_is_on_its_way_back_sets_nothing_free(
    shop: Shop, midtrans: MidtransTwin
) -> None:
    order = await paid(shop, midtrans)
    midtrans.faults.next("error", path="/status", times=2)
    for _ in range(2):
        await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 503)
        assert (await shop.order(order))["hold"] == "cancelling"
        shipped = await shop.answer("PUT", f"/v1/crm/orders/{order['id']}/status", 409, json={"status": "SHIPPED"})
        assert shipped["code"] == "order_on_hold"
    cancelled = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 200)
    assert (cancelled["status"], cancelled["payment_status"]) == ("CANCELLED", "REFUNDED")
    assert await shop.stock() == (10, 0)


async def test_a_refund_that_is_refused_after_all_lets_the_order_go_on(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await paid(shop, midtrans)
    midtrans.faults.next("error", path="/refund")
    await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 503)
    midtrans.books.become(await shop.reference(order), "settlement", payment_type="bank_transfer")
    await shop.later()
    (refund,) = (await shop.payment(order))["refunds"]
    assert refund["status"] == "refused"
    order = await shop.order(order)
    assert (order["status"], order["payment_status"], order["hold"]) == ("PROCESSING", "PAID", None)
    shipped = await shop.answer("PUT", f"/v1/crm/orders/{order['id']}/status", 200, json={"status": "SHIPPED"})
    assert shipped["status"] == "SHIPPED"
