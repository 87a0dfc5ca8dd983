"""A year of a shop in a few minutes: orders, payments, cancellations and refunds in parallel, notices shuffled, doubled
and lost, and the processes killed all the while. At its end every total, every count and every payment is what the
shoppers' own memory and the provider's books say, to the last rupiah.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from random import Random

import httpx
import pytest

from ai_platform.kernel.ids import new_id
from tests.chaos.ordeal import MEASURED
from tests.chaos.shop_life import Goods, Shopper, Street, all_at_once
from tests.e2e.programs import Program
from tests.e2e.stage import KEY, Stage
from tests.services.watchdog import Watchdog
from tests.twins.midtrans_books import SERVER_KEY
from tests.twins.midtrans_server import MidtransTwin, midtrans_server

ORDERS = int(os.environ.get("SHOP_LIFE_ORDERS", "120"))
TOGETHER = 24
KILLED_EVERY = 5.0


class CommerceAgentProcess(Program):
    def __init__(self, *, directory: object, watchdog: Watchdog, variables: dict[str, str]) -> None:
        super().__init__("commerce-agent", directory=directory, watchdog=watchdog, variables=variables)  # type: ignore[arg-type]

    def is_ready(self) -> bool:
        return any(line["event"] == "commerce_agent_started" for line in self.lines())


@pytest.fixture
def midtrans() -> Iterator[MidtransTwin]:
    with midtrans_server() as twin:
        yield twin


@pytest.mark.timeout(570)
def test_a_year_of_shop_life_adds_up_to_the_last_rupiah(stage: Stage, midtrans: MidtransTwin) -> None:
    stage.variables |= {"MIDTRANS_SNAP_URL": midtrans.snap_url, "MIDTRANS_API_URL": midtrans.api_url}
    gateway = stage.gateway().start()
    agents = [stage.has(CommerceAgentProcess(**stage._place("agent", {}))).start() for _ in range(2)]
    asyncio.run(live(stage, midtrans, gateway.url, [gateway, *agents]))


async def live(stage: Stage, twin: MidtransTwin, url: str, mortals: Sequence[Program]) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as http:
        street = Street(http, "")
        street.tenant_id, goods, customers = await furnish(stage, street)
        shoppers = [Shopper(one, customers[one % len(customers)], goods, street, twin) for one in range(ORDERS)]
        deaths = Counter[str]()
        killing = asyncio.create_task(kill(mortals, deaths))
        try:
            await all_at_once(shoppers, lambda one: one.shop(), together=TOGETHER)
            await settled(stage, shoppers)
            found = rows(stage, "SELECT id, order_id FROM payments")
            payments = {str(row["order_id"]): str(row["id"]) for row in found}
            visit = lambda one: one.come_back(payments.get(one.memory.order_id))  # noqa: E731 - said once
            await all_at_once(shoppers, visit, together=TOGETHER)
        finally:
            killing.cancel()
            await asyncio.gather(killing, return_exceptions=True)
        await revive(mortals)
        await out_of_time(stage, shoppers)
        await settled(stage, shoppers)
        assert (await street.done("POST", "/v1/ops/payments/reconcile"))["clean"]
    compare(stage, twin, shoppers, goods)
    told = ", ".join(f"{count} {status}" for status, count in Counter(one.memory.status for one in shoppers).items())
    MEASURED.append(
        f"a year of shop life: {ORDERS} orders ({told}), {street.repeated} calls repeated, killed {dict(deaths)}"
    )


async def furnish(stage: Stage, street: Street) -> tuple[str, list[Goods], list[str]]:
    """One tenant with goods, of which some will not do for everybody."""
    body = {"name": "Warung", "payment_provider": "midtrans", "payment_config": {"server_key": SERVER_KEY}}
    tenant_id = (await street.done("POST", "/v1/crm/tenants", json=body))["id"]
    random, goods = Random(1), []  # noqa: S311 - any prices will do
    for number in range(12):
        price, stock = random.randrange(5_000, 250_000, 500), ORDERS if number % 3 else ORDERS // 5
        variant = {"sku": f"S{number}", "price": price, "stock": stock}
        body = {"name": f"Barang {number}", "base_price": price, "variants": [variant]}
        product = await street.done("POST", f"/v1/crm/tenants/{tenant_id}/products", json=body)
        goods.append(Goods(product["variants"][0]["id"], f"S{number}", price, stock))
    customers = [str(new_id()) for _ in range(20)]
    for number, one in enumerate(customers):
        rows(
            stage,
            "INSERT INTO customers (id, tenant_id, phone_number, name) VALUES ($1::uuid, $2::uuid, $3, 'Sri')",
            one,
            tenant_id,
            f"+62812000000{number:02}",
        )
    return tenant_id, goods, customers


async def kill(mortals: Sequence[Program], deaths: Counter[str]) -> None:
    """One after the other, without a warning, for as long as it lasts."""
    for one in cycle(mortals):
        await asyncio.sleep(KILLED_EVERY)
        one.kill()
        one.launch()
        deaths[type(one).__name__] += 1


async def revive(mortals: Sequence[Program]) -> None:
    for one in mortals:
        while not one.is_ready():
            if not one.running:
                one.launch()
            await asyncio.sleep(0.1)


async def settled(stage: Stage, shoppers: Sequence[Shopper]) -> None:
    """Every order is as its shopper remembers it. Time flies: whatever is planned for later is due now."""
    waiting = list(shoppers)
    for _ in range(180):
        rows(stage, "UPDATE payments SET check_at = now() WHERE check_at > now() + interval '2 seconds'")
        now = {str(row["id"]): row for row in rows(stage, "SELECT id, status, payment_status FROM orders")}
        waiting = [one for one in waiting if not _is_as_remembered(one, now)]
        if not waiting:
            return
        await asyncio.sleep(0.5)
    one = waiting[0].memory
    raise AssertionError(f"{len(waiting)} orders are not as remembered: {one} but {now[one.order_id]}")


def _is_as_remembered(one: Shopper, now: dict[str, dict[str, object]]) -> bool:
    row = now[one.memory.order_id]
    return (row["status"], row["payment_status"]) == (one.memory.status, one.memory.payment_status)


async def out_of_time(stage: Stage, shoppers: Sequence[Shopper]) -> None:
    """What was confirmed and never paid expires, and its payment with it."""
    for one in shoppers:
        if one.memory.status == "CONFIRMED":
            one.memory.status = "CANCELLED"
            if one.memory.payment_status == "PENDING_PAYMENT":
                one.memory.payment_status = "EXPIRED"
    rows(stage, "UPDATE payments SET expires_at = now() - interval '1 minute' WHERE status = 'PENDING_PAYMENT'")
    rows(stage, "UPDATE orders SET expires_at = now() WHERE status = 'CONFIRMED'")


def compare(stage: Stage, twin: MidtransTwin, shoppers: Sequence[Shopper], goods: Sequence[Goods]) -> None:
    remembered = {one.memory.order_id: one.memory for one in shoppers}
    orders = {str(row["id"]): row for row in rows(stage, "SELECT * FROM orders")}
    assert set(orders) == set(remembered), "one order each, however often it was asked for"
    assert {key: row["total"] for key, row in orders.items()} == {key: one.total for key, one in remembered.items()}
    assert {key: row["refunded"] for key, row in orders.items()} == {
        key: one.given_back for key, one in remembered.items()
    }
    payments = rows(stage, "SELECT order_id, reference, received, refunded FROM payments")
    assert {row["reference"] for row in payments} == set(twin.books.orders), "one payment each, known to both sides"
    for row in payments:
        book = twin.books.orders[row["reference"]]
        paid = book.transaction is not None and book.transaction["transaction_status"] in _WITH_MONEY
        assert row["received"] == (book.gross_amount if paid else 0), book
        assert row["refunded"] == sum(book.refunds.values()) == remembered[str(row["order_id"])].given_back, book
    sold = Counter[str]()
    for one in remembered.values():
        if one.has_goods:
            sold.update(one.goods)
    shelf = {str(row["id"]): (row["stock"], row["reserved"]) for row in rows(stage, "SELECT * FROM product_variants")}
    assert shelf == {one.variant_id: (one.stock - sold[one.variant_id], 0) for one in goods}
    assert rows(stage, "SELECT 1 FROM stock_reservations WHERE status = 'held'") == []


_WITH_MONEY = ("settlement", "refund", "partial_refund")


def rows(stage: Stage, statement: str, *values: object) -> list[dict[str, object]]:
    return [dict(row) for row in stage.sql(statement, *values)]
