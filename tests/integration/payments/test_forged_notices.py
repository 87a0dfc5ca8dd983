"""A flood of forged notices: bounded in what it leaves behind, and no hindrance to the true ones."""

import asyncio

from tests.integration.payments.conftest import Shop
from tests.twins.midtrans_books import Body
from tests.twins.midtrans_server import MidtransTwin

FORGED = 300
LISTED = 10
AT_ONCE = 25
AUDIT = "SELECT action, tenant_id, details FROM audit_log WHERE action LIKE 'payment.signature%' ORDER BY at, id"


async def test_a_flood_leaves_a_few_entries_and_every_true_notice_comes_through(
    shop: Shop, midtrans: MidtransTwin
) -> None:
    orders = [await shop.payable(1) for _ in range(3)]
    true = [midtrans.books.pay(await shop.reference(order)) for order in orders]
    forged = true[0] | {"signature_key": "0" * 128}
    flood = [forged] * (FORGED // 3)
    mixed = [notice for one in true for notice in (*flood, one)]
    room = asyncio.Semaphore(AT_ONCE)

    async def told_by(notice: Body) -> int:
        async with room:
            return (await shop.notified("midtrans", notice)).status_code

    codes = await asyncio.gather(*(told_by(notice) for notice in mixed))
    assert (codes.count(401), codes.count(200)) == (FORGED, len(true))
    await shop.work()
    assert [(await shop.order(one))["payment_status"] for one in orders] == ["PAID"] * 3
    assert len(await shop.platform.rows("SELECT 1 FROM payment_notices")) == len(true)
    await shop.platform.commerce.idle()
    *listed, told = await shop.platform.rows(AUDIT)
    assert [(one[0], one[1]) for one in listed] == [("payment.signature_refused", shop.id)] * LISTED
    assert told == ("payment.signatures_refused", shop.id, {"provider": "midtrans", "not_listed": FORGED - LISTED})
    counted = shop.platform.foundation.metrics.exposition().decode()
    assert f'payment_notices_total{{outcome="refused",provider="midtrans"}} {FORGED}.0' in counted
    assert f'payment_notices_total{{outcome="received",provider="midtrans"}} {len(true)}.0' in counted
