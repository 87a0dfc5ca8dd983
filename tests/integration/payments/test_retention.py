"""What commerce forgets, and what it never does."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ai_platform.commerce.infrastructure.retention import CommerceRetention
from tests.integration.payments.conftest import Owner, Shop
from tests.twins.midtrans_books import SERVER_KEY, signature
from tests.twins.midtrans_server import MidtransTwin

NOTICES = "SELECT count(*) FROM payment_notices"
SUMMARIES = "SELECT count(*) FROM order_confirmations"


def forgetting(shop: Shop, *, days: float = 400.0, most: int = 1000) -> CommerceRetention:
    return CommerceRetention(shop.platform.database, notice_days=days, most=most)


async def count(shop: Shop, query: str) -> int:
    ((found,),) = await shop.platform.rows(query)
    return int(found)


async def grow_old(as_owner: Owner, days: int) -> None:
    await as_owner(f"UPDATE payment_notices SET received_at = now() - interval '{days} days'")  # noqa: S608 - ours


async def paid_and_settled(shop: Shop, as_owner: Owner, midtrans: MidtransTwin) -> dict[str, Any]:
    """An order whose payment nobody has to look at any more."""
    order = await shop.payable(1)
    await shop.notified("midtrans", midtrans.books.pay(await shop.reference(order)))
    await shop.work()
    await shop.later()
    await as_owner("UPDATE payments SET check_at = NULL")
    return order


async def test_applied_notices_go_when_their_time_is_over(shop: Shop, as_owner: Owner, midtrans: MidtransTwin) -> None:
    for _ in range(3):
        await paid_and_settled(shop, as_owner, midtrans)
    await grow_old(as_owner, 399)
    await forgetting(shop)()
    assert await count(shop, NOTICES) == 3
    await grow_old(as_owner, 401)
    await asyncio.gather(*(forgetting(shop, most=1)() for _ in range(3)))
    assert await count(shop, NOTICES) == 0


async def test_a_notice_that_is_not_applied_yet_is_never_forgotten(
    shop: Shop, as_owner: Owner, midtrans: MidtransTwin
) -> None:
    order = await shop.payable()
    await shop.notified("midtrans", midtrans.books.pay(await shop.reference(order)))
    await grow_old(as_owner, 4000)
    await forgetting(shop)()
    assert await count(shop, NOTICES) == 1
    await shop.work()
    assert (await shop.order(order))["payment_status"] == "PAID"


async def test_a_notice_of_a_payment_that_needs_a_person_is_never_forgotten(
    shop: Shop, as_owner: Owner, midtrans: MidtransTwin
) -> None:
    await paid_and_settled(shop, as_owner, midtrans)
    await as_owner("""UPDATE payments SET flags = '["needs_refund"]'""")
    await grow_old(as_owner, 4000)
    await forgetting(shop)()
    assert await count(shop, NOTICES) == 1


async def test_a_quarantined_notice_is_kept_until_somebody_has_looked_at_it(
    shop: Shop, as_owner: Owner, midtrans: MidtransTwin
) -> None:
    order = await shop.payable()
    notice = midtrans.books.pay(await shop.reference(order))
    name, code, amount = "ORD-NOBODYS-1", notice["status_code"], notice["gross_amount"]
    strange = notice | {"order_id": name, "signature_key": signature(name, code, amount, SERVER_KEY)}
    assert (await shop.notified("midtrans", strange)).status_code == 200
    await grow_old(as_owner, 4000)
    await forgetting(shop)()
    assert await count(shop, NOTICES) == 1
    await as_owner("UPDATE payment_quarantine SET resolved_at = now()")
    await forgetting(shop)()
    assert await count(shop, NOTICES) == 0
    assert await count(shop, "SELECT count(*) FROM payment_quarantine") == 0


async def test_no_setting_makes_a_notice_of_this_month_go(shop: Shop, as_owner: Owner, midtrans: MidtransTwin) -> None:
    await paid_and_settled(shop, as_owner, midtrans)
    await grow_old(as_owner, 29)
    await forgetting(shop, days=0)()
    assert await count(shop, NOTICES) == 1


async def test_a_tenant_forgets_nothing(shop: Shop) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with shop.platform.database.transaction(shop.id) as connection:
            await connection.execute(text("SELECT forget_payment_notices(interval '1 year', 10)"))


async def test_summaries_go_a_day_after_they_were_good_for_anything(shop: Shop, as_owner: Owner) -> None:
    order = await shop.confirmed()
    for _ in range(3):
        await shop.answer("POST", f"/v1/crm/orders/{order['id']}/confirmation", 201, json={"action": "cancel"})
    await as_owner("UPDATE order_confirmations SET expires_at = now() - interval '23 hours', used_at = now()")
    await forgetting(shop)()
    assert await count(shop, SUMMARIES) == 3
    await as_owner("UPDATE order_confirmations SET expires_at = now() - interval '25 hours'")
    await forgetting(shop, most=2)()
    assert await count(shop, SUMMARIES) == 0


@pytest.mark.parametrize(
    ("index", "query"),
    [
        ("ix_payment_notices_received_at", "SELECT id FROM payment_notices WHERE received_at < now() - interval '1 y'"),
        ("ix_order_confirmations_expires_at", "SELECT id FROM order_confirmations WHERE expires_at < now()"),
    ],
)
async def test_looking_for_what_is_old_scans_nothing(shop: Shop, index: str, query: str) -> None:
    async with shop.platform.database.transaction(None) as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan: Sequence[str] = list(await connection.scalars(text(f"EXPLAIN {query}")))
        assert index in "\n".join(plan)
