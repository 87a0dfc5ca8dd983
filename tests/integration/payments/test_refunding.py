"""An owner gives money back: in part or in full, once, and by hand where the provider cannot."""

import asyncio
from typing import Any

import pytest

from tests.integration.payments.conftest import SANDBOX, OpenShop, Shop, paid
from tests.twins.midtrans_server import MidtransTwin


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
