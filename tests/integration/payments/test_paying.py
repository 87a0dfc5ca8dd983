"""From the confirmed order to the money, with everything that may come twice, late, or in the wrong order."""

import asyncio
import json
from random import Random
from typing import Any

import pytest

from tests.integration.payments.conftest import SANDBOX, XENDIT, OpenShop, Shop
from tests.twins.midtrans_server import MidtransTwin
from tests.twins.xendit_server import CALLBACK_TOKEN, XenditTwin

TOKEN = {"x-callback-token": CALLBACK_TOKEN}


async def test_a_confirmed_order_gets_a_place_to_pay(shop: Shop) -> None:
    order = await shop.payable()
    payment = order["payment"]
    assert (order["status"], order["payment_status"]) == ("CONFIRMED", "PENDING_PAYMENT")
    assert payment["url"].startswith("https://app.sandbox.midtrans.com/")
    assert payment["amount"] == {"amount": "150000", "currency": "IDR"}
    assert payment["expires_at"] < order["expires_at"]


async def test_asking_again_answers_the_same_link(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    again = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 200, json={"method": "qris"})
    assert again["payment"] == order["payment"]
    assert len(midtrans.books.orders) == 1


async def test_ten_who_ask_at_once_get_one_payment(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.confirmed()
    answers = await asyncio.gather(*(shop.http.post(f"/v1/crm/orders/{order['id']}/payment") for _ in range(10)))
    assert sorted(one.status_code for one in answers) == [200] * 9 + [201]
    assert len({one.json()["payment"]["id"] for one in answers}) == 1
    assert len(midtrans.books.orders) == 1


async def test_the_same_key_answers_the_same(shop: Shop) -> None:
    order, key = await shop.confirmed(), {"Idempotency-Key": "pay-1"}
    first = await shop.http.post(f"/v1/crm/orders/{order['id']}/payment", headers=key)
    again = await shop.http.post(f"/v1/crm/orders/{order['id']}/payment", headers=key)
    assert (first.status_code, again.status_code, again.headers["idempotent-replayed"]) == (201, 201, "true")
    other = await shop.http.post(f"/v1/crm/orders/{order['id']}/payment", headers=key, json={"method": "card"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_what_is_not_confirmed_is_not_paid(shop: Shop) -> None:
    order = await shop.answer("POST", f"/v1/crm/tenants/{shop.id}/orders", 201, json={"customer_id": shop.customer_id})
    answer = await shop.http.post(f"/v1/crm/orders/{order['id']}/payment")
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")


async def test_a_settlement_pays_the_order(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    notice = midtrans.books.pay(await shop.reference(order))
    assert (await shop.notified("midtrans", notice)).json() == {"status": "received"}
    assert (await shop.order(order))["payment_status"] == "PENDING_PAYMENT"
    await shop.work()
    paid = await shop.order(order)
    assert (paid["status"], paid["payment_status"]) == ("PROCESSING", "PAID")
    assert paid["payment"]["paid_at"] is not None
    assert await shop.stock() == (8, 0)
    assert len(await shop.told("orders.paid.v1")) == 1
    assert (await shop.reconciled())["clean"]


async def test_a_hundred_notices_in_any_order_pay_once(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    reference = await shop.reference(order)
    notices = [midtrans.books.choose(reference), midtrans.books.pay(reference)] * 50
    Random(7).shuffle(notices)  # noqa: S311 - disorder, not a secret
    asked_before = len(midtrans.faults.calls)
    answers = await asyncio.gather(*(shop.notified("midtrans", one) for one in notices))
    assert {one.status_code for one in answers} == {200}
    await asyncio.gather(*(shop.work() for _ in range(4)))
    assert (await shop.order(order))["payment_status"] == "PAID"
    assert await shop.stock() == (8, 0)
    assert len(await shop.told("orders.paid.v1")) == 1
    assert len(midtrans.faults.calls) - asked_before < 20


async def test_a_genuine_word_without_money_pays_nothing(shop: Shop, midtrans: MidtransTwin) -> None:
    """The signature covers neither status nor time: an old one can be replayed with another status."""
    order = await shop.payable()
    reference = await shop.reference(order)
    midtrans.books.choose(reference)
    lie = midtrans.books.notice(reference, transaction_status="settlement")
    assert (await shop.notified("midtrans", lie)).status_code == 200
    await shop.work()
    assert (await shop.order(order))["payment_status"] == "PENDING_PAYMENT"


async def test_a_forged_notice_is_refused_and_remembered(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    notice = midtrans.books.pay(await shop.reference(order)) | {"signature_key": "0" * 128}
    answer = await shop.notified("midtrans", notice)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
    await shop.work()
    assert (await shop.order(order))["payment_status"] == "PENDING_PAYMENT"
    audit = await shop.platform.rows("SELECT tenant_id FROM audit_log WHERE action = 'payment.signature_refused'")
    assert audit == [(shop.id,)]
    assert await shop.platform.rows("SELECT 1 FROM payment_notices") == []


async def test_another_tenants_key_signs_nothing_here(shop: Shop, open_shop: OpenShop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    notice = midtrans.books.pay(await shop.reference(order))
    other = await open_shop({"payment_provider": "midtrans", "payment_config": {"server_key": "another"}})
    assert (await other.notified("midtrans", notice)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"null",
        b'{"order_id": "x\\u0000", "external_id": "x\\u0000", "reference": "x\\u0000"}',
        b'{"order_id": "x\\ud800", "external_id": "x\\ud800", "reference": "x\\ud800"}',
    ],
)
async def test_what_is_no_notice_is_refused(shop: Shop, body: bytes) -> None:
    async with shop.platform.caller() as stranger:
        for path in (f"midtrans/{shop.id}", f"xendit/{shop.id}", f"sandbox/{shop.id}", "midtrans", "xendit"):
            answer = await stranger.post(f"/v1/crm/payments/callback/{path}", content=body)
            assert answer.status_code == 401, (path, answer.text)
        assert (await stranger.post("/v1/crm/payments/callback/paypal", content=body)).status_code == 404
        unknown = "/v1/crm/payments/callback/midtrans/00000000-0000-7000-8000-00000000ffff"
        assert (await stranger.post(unknown, content=body)).status_code == 404


async def test_the_address_for_all_tenants_finds_whose_secret_to_try(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    notice = midtrans.books.pay(await shop.reference(order))
    async with shop.platform.caller() as stranger:
        assert (await stranger.post("/v1/crm/payments/callback/midtrans", json=notice)).status_code == 200
    await shop.work()
    assert (await shop.order(order))["payment_status"] == "PAID"


async def test_a_genuine_notice_of_nobody_is_quarantined(shop: Shop, midtrans: MidtransTwin) -> None:
    midtrans.books.server_key = "SB-Mid-server-of-the-installation"
    midtrans.books.snap({"transaction_details": {"order_id": "nobody", "gross_amount": 5}})
    notice = midtrans.books.pay("nobody")
    async with shop.platform.caller() as stranger:
        assert (await stranger.post("/v1/crm/payments/callback/midtrans", json=notice)).status_code == 200
    assert (await shop.reconciled())["quarantined"] == 1
    (kept,) = (await shop.platform.http.get("/v1/ops/payments/quarantine")).json()["items"]
    assert (kept["provider"], kept["reference"], json.loads(kept["body"])) == ("midtrans", "nobody", notice)
    for _ in range(2):
        resolved = await shop.platform.http.post(f"/v1/ops/payments/quarantine/{kept['id']}/resolve")
        assert resolved.status_code == 204
    assert (await shop.reconciled())["clean"]
    assert (await shop.platform.http.get("/v1/ops/payments/quarantine")).json()["items"] == []
    nobody = await shop.platform.http.post(f"/v1/ops/payments/quarantine/{shop.id}/resolve")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "notice_not_found")


async def test_money_of_another_amount_is_flagged_and_pays_nothing(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    reference = await shop.reference(order)
    midtrans.books.orders[reference].gross_amount = 1
    await shop.notified("midtrans", midtrans.books.pay(reference))
    await shop.work()
    payment = await shop.payment(order)
    assert (payment["status"], payment["flags"]) == ("PENDING_PAYMENT", ["amount_differs"])
    assert len(await shop.told("payments.flagged.v1")) == 1
    midtrans.books.orders[reference].gross_amount = 150_000
    midtrans.books.orders[reference].transaction = None
    await shop.notified("midtrans", midtrans.books.pay(reference))
    await shop.work()
    assert (await shop.order(order))["payment_status"] == "PAID"


async def test_a_settlement_that_is_denied_stops_the_order(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    reference = await shop.reference(order)
    await shop.notified("midtrans", midtrans.books.pay(reference))
    await shop.work()
    await shop.notified("midtrans", midtrans.books.become(reference, "deny"))
    await shop.work()
    payment = await shop.payment(order)
    assert (payment["status"], payment["flags"]) == ("FAILED", ["reversed"])
    held = await shop.answer("PUT", f"/v1/crm/orders/{order['id']}/status", 409, json={"status": "SHIPPED"})
    assert held["code"] == "order_on_hold"
    assert len(await shop.told("orders.payment_reversed.v1")) == 1


async def test_what_nobody_tells_is_found_by_asking(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    midtrans.books.pay(await shop.reference(order))
    await shop.later()
    assert (await shop.order(order))["payment_status"] == "PAID"


async def test_a_provider_that_is_away_is_asked_later(shop: Shop, midtrans: MidtransTwin) -> None:
    order = await shop.payable()
    midtrans.faults.next("error", path="/status")
    await shop.notified("midtrans", midtrans.books.pay(await shop.reference(order)))
    await shop.work()
    assert (await shop.order(order))["payment_status"] == "PENDING_PAYMENT"
    await shop.later()
    assert (await shop.order(order))["payment_status"] == "PAID"


async def test_xendit_pays_too(open_shop: OpenShop, xendit: XenditTwin) -> None:
    shop = await open_shop(XENDIT)
    order = await shop.payable()
    told = xendit.books.pay(await shop.reference(order))
    assert (await shop.notified("xendit", told, {"x-callback-token": "wrong"})).status_code == 401
    assert (await shop.notified("xendit", told, TOKEN)).status_code == 200
    await shop.work()
    paid = await shop.order(order)
    assert (paid["payment_status"], paid["payment"]["method"]) == ("PAID", "bank_transfer")


async def test_a_pay_page_is_pressed(open_shop: OpenShop) -> None:
    shop = await open_shop(SANDBOX)
    order = await shop.payable()
    path = order["payment"]["url"].partition("/sandbox/")[2]
    async with shop.platform.caller() as customer:
        page = await customer.get(f"/sandbox/{path}")
        assert (page.status_code, "Rp 150.000" in page.text) == (200, True)
        pressed = await customer.post(f"/sandbox/{path}", data={"action": "pay"})
        assert pressed.status_code == 303
        assert "Paid" in (await customer.get(f"/sandbox/{path}")).text
        assert (await customer.get("/sandbox/pay/unknown")).status_code == 404
    await shop.work()
    assert (await shop.order(order))["payment_status"] == "PAID"


@pytest.mark.parametrize(("button", "status"), [("fail", "FAILED"), ("expire", "EXPIRED")])
async def test_a_pay_page_may_fail(open_shop: OpenShop, button: str, status: str) -> None:
    shop = await open_shop(SANDBOX)
    order = await shop.payable()
    path = order["payment"]["url"].partition("/sandbox/")[2]
    async with shop.platform.caller() as customer:
        await customer.post(f"/sandbox/{path}", data={"action": button})
    await shop.work()
    assert (await shop.order(order))["payment_status"] == status
    again: dict[str, Any] = await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 201)
    assert again["payment"]["id"] != order["payment"]["id"]
