"""A payment that somebody said yes to: what was shown is what is asked for, once."""

from typing import Any

from tests.integration.payments.conftest import Shop


async def summary(shop: Shop, order: dict[str, Any], status: int = 201) -> dict[str, Any]:
    return await shop.answer(
        "POST", f"/v1/crm/orders/{order['id']}/confirmation", status, json={"action": "payment"}
    )  # fmt: skip


async def pay(shop: Shop, order: dict[str, Any], token: str, status: int) -> dict[str, Any]:
    return await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", status, json={"token": token})


async def test_the_token_of_a_summary_begins_the_payment(shop: Shop) -> None:
    order = await shop.confirmed()
    shown = await summary(shop, order)
    assert shown["order"]["total"]["amount"] == "150000"
    begun = await pay(shop, order, shown["token"], 201)
    again = await pay(shop, order, shown["token"], 200)
    assert begun["payment"]["url"] == again["payment"]["url"]


async def test_a_token_begins_one_payment(shop: Shop) -> None:
    order = await shop.confirmed()
    shown = await summary(shop, order)
    begun = await pay(shop, order, shown["token"], 201)
    await shop.pass_expiry("payments", begun["payment"]["id"])
    await shop.later()
    assert (await pay(shop, order, shown["token"], 409))["code"] == "confirmation_invalid"
    assert (await shop.order(order))["payment_status"] == "EXPIRED"


async def test_another_token_begins_nothing(shop: Shop) -> None:
    order, other = await shop.confirmed(), await shop.confirmed()
    shown = await summary(shop, other)
    for token in (shown["token"], "cnf_made_up"):
        assert (await pay(shop, order, token, 409))["code"] == "confirmation_invalid"
    assert (await shop.order(order))["payment"] is None


async def test_what_cannot_be_paid_is_not_shown(shop: Shop) -> None:
    order = await shop.confirmed()
    await shop.answer("PUT", f"/v1/crm/orders/{order['id']}/status", 200, json={"status": "PROCESSING"})
    await summary(shop, order)  # to be paid at the door, or before
    await shop.answer("POST", f"/v1/crm/orders/{order['id']}/cancel", 200)
    assert (await summary(shop, order, 409))["code"] == "invalid_transition"
