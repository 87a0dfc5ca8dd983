"""What the database itself holds us to."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from ai_platform.commerce.application.payment_work import LEASE
from ai_platform.commerce.infrastructure.payment_reads import SqlDuePayments
from tests.integration.payments.conftest import SANDBOX, OpenShop, Shop
from tests.twins.midtrans_server import MidtransTwin

TABLES = ("payments", "payment_events", "payment_notices", "payment_refunds", "payment_quarantine", "sandbox_payments")


@pytest.mark.parametrize("statement", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["payment_events", "payment_notices"])
async def test_nobody_rewrites_what_was_seen_or_said(shop: Shop, table: str, statement: str) -> None:
    for role in (shop.id, None):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with shop.platform.database.transaction(role) as connection:
                await connection.execute(text(statement.format(table)))


async def test_a_tenant_sees_its_own_money_only(shop: Shop, open_shop: OpenShop, midtrans: MidtransTwin) -> None:
    order, other = await shop.payable(), await open_shop(SANDBOX)
    await other.payable()
    await shop.notified("midtrans", midtrans.books.pay(await shop.reference(order)))
    await shop.work()
    for table in TABLES:
        async with shop.platform.database.transaction(shop.id) as connection:
            seen = set(await connection.scalars(text(f"SELECT tenant_id FROM {table}")))  # noqa: S608 - our own names
            assert seen <= {shop.id}, table


async def test_an_order_has_one_live_payment_at_most(shop: Shop) -> None:
    order = await shop.payable()
    twin = text(
        "INSERT INTO payments SELECT (jsonb_populate_record(payments, jsonb_build_object('id', gen_random_uuid(), "
        "'attempt', 2, 'reference', 'another'))).* FROM payments WHERE order_id = :order"
    )
    with pytest.raises(IntegrityError, match="uq_payments_live"):
        async with shop.platform.database.transaction(None) as connection:
            await connection.execute(twin, {"order": order["id"]})


async def test_what_is_due_is_claimed_once_and_due_again_when_its_worker_died(shop: Shop) -> None:
    order, _ = await shop.payable(1), await shop.payable(1)
    await shop.platform.rows("WITH due AS (UPDATE payments SET check_at = now() RETURNING 1) SELECT count(*) FROM due")
    due = SqlDuePayments(shop.platform.database)
    claimed = [one for batch in await asyncio.gather(*(due.claim(1) for _ in range(4))) for one in batch]
    assert len(claimed) == len(set(claimed)) == 2
    ((left,),) = await shop.platform.rows(
        "SELECT check_at - clock_timestamp() FROM payments WHERE id::text = :id", id=order["payment"]["id"]
    )
    assert timedelta() < left <= LEASE


async def test_looking_for_what_is_due_scans_nothing(shop: Shop) -> None:
    async with shop.platform.database.transaction(None) as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await connection.scalars(
            text("EXPLAIN SELECT id FROM payments WHERE check_at <= now() ORDER BY check_at LIMIT 16")
        )
        assert "ix_payments_check_at" in "\n".join(plan)
