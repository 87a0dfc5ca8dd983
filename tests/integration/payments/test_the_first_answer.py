"""A repeat under the same key is told what the first request was told, whatever became of the payment since."""

import asyncio

from tests.integration.payments.conftest import Owner, Shop, paid
from tests.twins.midtrans_server import MidtransTwin

KEY = {"Idempotency-Key": "the first"}


async def test_who_asks_again_for_a_place_to_pay_is_told_of_the_same_when_it_was_paid_since(
    shop: Shop, midtrans: MidtransTwin
) -> None:
    path = f"/v1/crm/orders/{(await shop.confirmed())['id']}/payment"
    first = await shop.http.post(path, headers=KEY)
    await shop.notified("midtrans", midtrans.books.pay(await shop.reference(first.json())))
    await shop.work()
    assert (await shop.order(first.json()))["payment_status"] == "PAID"
    again = await shop.http.post(path, headers=KEY)
    assert (again.status_code, again.json(), again.headers["etag"]) == (201, first.json(), first.headers["etag"])
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")


async def test_who_was_told_of_an_older_place_to_pay_is_told_so_again(shop: Shop) -> None:
    path = f"/v1/crm/orders/{(await shop.payable())['id']}/payment"
    first, again = [await shop.http.post(path, headers=KEY) for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert again.headers["idempotent-replayed"] == "true"


async def test_twins_with_one_key_are_told_the_same(shop: Shop, midtrans: MidtransTwin) -> None:
    path = f"/v1/crm/orders/{(await shop.confirmed())['id']}/payment"
    answers = await asyncio.gather(*(shop.http.post(path, headers=KEY) for _ in range(5)))
    told = [(one.status_code, one.json(), one.headers["etag"]) for one in answers if one.status_code != 409]
    assert told
    assert all(one == told[0] for one in told)
    assert {one.json()["code"] for one in answers if one.status_code == 409} <= {"idempotency_in_progress"}
    assert len(midtrans.books.orders) == 1


async def test_who_repeats_a_refund_is_told_of_it_alone(shop: Shop, midtrans: MidtransTwin) -> None:
    path = f"/v1/crm/payments/{(await paid(shop, midtrans))['payment']['id']}/refund"
    first = await shop.http.post(path, json={"amount": 10_000, "reason": "dented"}, headers=KEY)
    await shop.answer("POST", path, 200, json={"amount": 20_000, "reason": "late"})
    again = await shop.http.post(path, json={"amount": 10_000, "reason": "dented"}, headers=KEY)
    assert first.json()["refunded"]["amount"] == "10000"
    assert (again.status_code, again.json(), again.headers["etag"]) == (200, first.json(), first.headers["etag"])
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")


async def test_a_refund_without_an_answer_is_answered_at_its_repeat_for_the_first_time(
    shop: Shop, midtrans: MidtransTwin
) -> None:
    path = f"/v1/crm/payments/{(await paid(shop, midtrans))['payment']['id']}/refund"
    wish = {"amount": 10_000, "reason": "dented"}
    midtrans.faults.next("lost", path="/refund")
    await shop.answer("POST", path, 503, json=wish, headers=KEY)
    first = await shop.http.post(path, json=wish, headers=KEY)
    assert (first.status_code, "idempotent-replayed" in first.headers) == (200, False)
    assert first.json()["refunded"]["amount"] == "10000"
    again = await shop.http.post(path, json=wish, headers=KEY)
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert len(first.json()["refunds"]) == 1


async def test_a_refund_that_went_through_unheard_is_heard_at_its_repeat(shop: Shop, midtrans: MidtransTwin) -> None:
    path = f"/v1/crm/payments/{(await paid(shop, midtrans))['payment']['id']}/refund"
    wish = {"amount": 10_000, "reason": "dented"}
    midtrans.faults.next("error", path="/status")
    await shop.answer("POST", path, 503, json=wish, headers=KEY)
    first = await shop.answer("POST", path, 200, json=wish, headers=KEY)
    assert (first["status"], first["refunded"]["amount"]) == ("PARTIALLY_REFUNDED", "10000")
    assert len(first["refunds"]) == 1


async def test_a_key_that_an_older_gateway_kept_is_answered(shop: Shop, as_owner: Owner) -> None:
    path = f"/v1/crm/orders/{(await shop.payable())['id']}/payment"
    first = await shop.http.post(path, headers=KEY)
    await as_owner(
        "UPDATE idempotency_keys SET answer = jsonb_build_object('payment_id', answer #> '{answer,order,id}')"
    )
    again = await shop.http.post(path, headers=KEY)
    assert (again.status_code, again.json(), "idempotent-replayed" in again.headers) == (200, first.json(), False)
