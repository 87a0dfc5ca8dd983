"""A payment is opened once, whatever its provider does and whoever dies in between; whoever lives finishes it."""

import asyncio
from uuid import UUID

import pytest

from tests.integration.payments.conftest import XENDIT, OpenShop, Shop
from tests.support import eventually
from tests.twins.midtrans_server import MidtransTwin
from tests.twins.xendit_server import XenditTwin


async def test_who_asks_again_goes_on_where_another_died(open_shop: OpenShop, xendit: XenditTwin) -> None:
    """In the middle of opening, with nobody there to let it go."""
    shop = await open_shop(XENDIT)
    order = await shop.confirmed()
    path, key = f"/v1/crm/orders/{order['id']}/payment", {"Idempotency-Key": "pay-1"}
    xendit.faults.next("hang", path="/v2/invoices")
    dying = asyncio.create_task(shop.http.post(path, headers=key))
    await eventually(lambda: xendit.faults.calls)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    again = await shop.http.post(path, headers=key)
    assert (again.status_code, again.json()["payment"]["status"]) == (200, "PENDING_PAYMENT")
    assert len(xendit.books.invoices) == 1


async def test_an_opening_is_held_for_as_long_as_its_asker_lives(open_shop: OpenShop, xendit: XenditTwin) -> None:
    shop = await open_shop(XENDIT)
    order = await shop.confirmed()
    xendit.faults.next("error", path="/v2/invoices")
    await shop.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 503)
    payment_id = UUID((await shop.order(order))["payment"]["id"])
    initiate = shop.platform.commerce.payments.pay.initiate

    async def take() -> bool:
        async with initiate.transactions(shop.id) as work:
            return await work.schedule.take_opening(payment_id)

    async def lease() -> object:
        return await shop.platform.rows("SELECT opening_until FROM payments WHERE id = :id", id=payment_id)

    async def is_renewed() -> bool:
        return await lease() != first

    assert await take()
    first = await lease()
    async with initiate.open.openings.held(shop.id, payment_id):
        await eventually(is_renewed)
        assert not await take()


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
