"""Whoever dies while a payment is opened keeps nobody waiting for long; whoever lives is left to finish it."""

import asyncio
from uuid import UUID

from tests.integration.payments.conftest import XENDIT, OpenShop
from tests.support import eventually
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
    initiate = shop.platform.commerce.payments.initiate

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
