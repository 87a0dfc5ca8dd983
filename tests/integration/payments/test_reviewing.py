"""What a payment was flagged for ends: a person finds it, looks, and says so."""

from typing import Any

from tests.integration.payments.conftest import SANDBOX, OpenShop, Shop, paid
from tests.twins.midtrans_server import MidtransTwin

REASON = {"reason": "Pelanggan membayar tunai"}


async def reversed_payment(shop: Shop, midtrans: MidtransTwin) -> dict[str, Any]:
    order = await paid(shop, midtrans)
    await shop.notified("midtrans", midtrans.books.become(await shop.reference(order), "deny"))
    await shop.work()
    return await shop.order(order)


async def flagged(shop: Shop) -> list[str]:
    page = await shop.answer("GET", f"/v1/crm/tenants/{shop.id}/payments", 200, params={"flagged": True})
    return [one["id"] for one in page["items"]]


async def test_after_a_person_has_looked_the_order_goes_on_and_the_report_is_clean(
    shop: Shop, midtrans: MidtransTwin
) -> None:
    order = await reversed_payment(shop, midtrans)
    assert order["hold"] == "payment_reversed"
    everywhere = (await shop.platform.http.get("/v1/ops/payments/flagged")).json()["items"]
    assert await flagged(shop) == [one["id"] for one in everywhere] == [order["payment"]["id"]]
    review = f"/v1/crm/payments/{order['payment']['id']}/review"
    for _ in range(2):
        assert (await shop.answer("POST", review, 200, json=REASON))["flags"] == []
    assert await flagged(shop) == []
    assert (await shop.reconciled())["clean"]
    shipped = await shop.answer("PUT", f"/v1/crm/orders/{order['id']}/status", 200, json={"status": "SHIPPED"})
    assert (shipped["hold"], shipped["payment_status"]) == (None, "FAILED")
    audit = await shop.platform.rows("SELECT details FROM audit_log WHERE action = 'payment.reviewed'")
    assert audit == [({"flags": ["reversed"], **REASON},)]


async def test_what_went_back_by_hand_and_was_taken_back_too_is_one_flag_and_no_disagreement(
    shop: Shop, midtrans: MidtransTwin
) -> None:
    order = await paid(shop, midtrans)
    payment = f"/v1/crm/payments/{order['payment']['id']}"
    await shop.answer("POST", f"{payment}/refund", 200, json={"reason": "batal", "by_hand": True})
    await shop.notified("midtrans", midtrans.books.become(await shop.reference(order), "deny"))
    await shop.work()
    report = await shop.reconciled()
    assert (report["flagged"], report["orders"]) == (1, 0)
    await shop.answer("POST", f"{payment}/review", 200, json=REASON)
    assert (await shop.reconciled())["clean"]


async def test_reviewing_is_the_owners(shop: Shop, midtrans: MidtransTwin, open_shop: OpenShop) -> None:
    order = await reversed_payment(shop, midtrans)
    path, other = f"/v1/crm/payments/{order['payment']['id']}/review", await open_shop(SANDBOX)
    assert (await other.http.post(path, json=REASON)).status_code == 404
    assert (await other.http.get(f"/v1/crm/tenants/{shop.id}/payments")).status_code == 404
    async with shop.platform.caller(await shop.platform.key(str(shop.id))) as agent:
        assert (await agent.post(path, json=REASON)).status_code == 403
    assert (await shop.http.post(path, json={"reason": " "})).status_code == 422
    assert await flagged(shop) == [order["payment"]["id"]]


async def test_payments_are_listed_newest_first_page_by_page(shop: Shop) -> None:
    made = [(await shop.payable(1))["payment"]["id"] for _ in range(3)]
    path = f"/v1/crm/tenants/{shop.id}/payments"
    first = await shop.answer("GET", path, 200, params={"limit": 2})
    then = await shop.answer("GET", path, 200, params={"limit": 2, "cursor": first["next_cursor"]})
    assert [one["id"] for one in first["items"] + then["items"]] == made[::-1]
    assert then["next_cursor"] is None
    assert (await shop.answer("GET", path, 422, params={"cursor": "x"}))["code"] == "invalid_cursor"
