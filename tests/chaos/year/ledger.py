"""The year's ledger, from the shoppers' memory and the providers' books alone, against every book of the shop."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.chaos.year.market import Market
from tests.chaos.year.shopper import Shopper
from tests.chaos.year.street import Street
from tests.e2e.stage import Stage


def compare(stage: Stage, shoppers: Sequence[Shopper], markets: Sequence[Market]) -> None:
    """To the last rupiah and the last piece."""
    orders(stage, shoppers)
    payments(stage, shoppers, markets)
    shelves(stage, shoppers, markets)
    notices(stage, shoppers[0].street)


def orders(stage: Stage, shoppers: Sequence[Shopper]) -> None:
    remembered = {one.memory.order_id: one.memory for one in shoppers}
    found = {str(row["id"]): row for row in rows(stage, "SELECT * FROM orders")}
    assert set(found) == set(remembered), "one order each, however often it was asked for"
    for key, one in remembered.items():
        row = found[key]
        is_now = row["status"], row["payment_status"], row["total"], row["refunded"]
        assert is_now == (one.status, one.payment_status, one.total, one.given_back), (one, row)
    lines = rows(stage, "SELECT order_id, variant_id, quantity FROM order_items")
    bought = Counter({(str(row["order_id"]), str(row["variant_id"])): row["quantity"] for row in lines})
    wanted = {(key, which): count for key, one in remembered.items() for which, count in one.goods.items()}
    assert len(lines) == len(bought), "equal lines are one"
    assert bought == Counter(wanted)


def payments(stage: Stage, shoppers: Sequence[Shopper], markets: Sequence[Market]) -> None:
    """One payment a page, known to both sides, and as both sides know it."""
    pages = {page.reference: (page, one.till) for one in shoppers for page in one.memory.pages}
    found = rows(stage, "SELECT reference, status, received, refunded, flags::text AS flags FROM payments")
    assert {row["reference"] for row in found} == set(pages)
    assert set.union(*(market.till.references for market in markets)) == set(pages)
    for row in found:
        page, till = pages[row["reference"]]
        assert (row["status"], row["received"], row["refunded"]) == (page.status, page.received, page.refunded), page
        assert row["flags"] == str(sorted(page.flags)).replace("'", '"'), page
        received, refunded = till.took(page)
        assert received == page.received, page
        assert refunded == (page.refunded if till.gives_back else 0), page
        assert not (page.status in ("EXPIRED", "CANCELLED") and till.is_open(page)), page
    given = {str(row["id"]): row["given"] for row in rows(stage, _REFUNDS)}
    assert given == {page.payment_id: page.refunded for page, _ in pages.values() if page.refunded}


def shelves(stage: Stage, shoppers: Sequence[Shopper], markets: Sequence[Market]) -> None:
    """What is left is what was put there, less what was sold; and the moves tell how it came about."""
    sold = Counter[str]()
    for one in shoppers:
        if one.memory.has_goods:
            sold.update(one.memory.goods)
    goods = [one for market in markets for one in (*market.shelf, *market.oddities)]
    left = {one.variant_id: one.stock - sold[one.variant_id] for one in goods}
    variants = {str(row["id"]): row for row in rows(stage, _SHELF) if str(row["id"]) in left}
    assert {key: row["stock"] for key, row in variants.items()} == left
    assert {key: row["moved"] for key, row in variants.items()} == left
    assert rows(stage, "SELECT id FROM product_variants WHERE reserved <> 0") == []
    assert rows(stage, "SELECT 1 FROM stock_reservations WHERE status = 'held'") == []


def notices(stage: Stage, street: Street) -> None:
    """What was genuine is kept, each time it came, and nothing of what was not."""
    kept = rows(stage, "SELECT count(*) AS n, count(payment_id) AS known FROM payment_notices")[0]
    assert kept["n"] == kept["known"] >= street.told["notices"]
    refused = "SELECT count(*) AS n FROM audit_log WHERE action = 'payment.signature_refused'"
    assert street.told["forged notices"] > 0 < rows(stage, refused)[0]["n"], "of many, the first are listed"


async def customers(street: Street, shoppers: Sequence[Shopper], markets: Sequence[Market], stage: Stage) -> None:
    """What each has bought and spent, as the shop tells it."""
    whose = {str(row["id"]): str(row["customer_id"]) for row in rows(stage, "SELECT id, customer_id FROM orders")}
    bought, spent = Counter[str](), Counter[str]()
    for one in shoppers:
        memory = one.memory
        if memory.payment_status in ("PAID", "PARTIALLY_REFUNDED") and memory.has_goods:
            bought[whose[memory.order_id]] += 1
            spent[whose[memory.order_id]] += memory.total - memory.given_back
    for market in markets:
        page = await street.done("GET", f"{market.path}/customers?limit=200")
        for one in page["items"]:
            told = one["total_orders"], one["total_spent"]["amount"]
            assert told == (bought[one["id"]], market.words(spent[one["id"]])), one


async def reports(street: Street, shoppers: Sequence[Shopper]) -> None:
    """The shop's own report reads zero, but for what a person was asked to look at; and nothing is a dead letter."""
    flagged = sum(1 for one in shoppers for page in one.memory.pages if page.flags)
    report = await street.done("POST", "/v1/ops/payments/reconcile", within=900)
    assert report.pop("asked") > 0
    assert report == {"clean": not flagged, "flagged": flagged, **dict.fromkeys(_ZERO, 0)}, report
    assert (await street.done("GET", "/v1/ops/dead-letters"))["items"] == []


def rows(stage: Stage, statement: str) -> list[dict[str, Any]]:
    return [dict(row) for row in stage.sql(statement)]


_ZERO = ("changed", "unanswered", "variants", "orders", "totals", "overdue", "quarantined")
_REFUNDS = (
    "SELECT payment_id AS id, sum(amount) AS given FROM payment_refunds WHERE status = 'done' GROUP BY payment_id"
)
_SHELF = """
SELECT id, stock, (SELECT sum(delta) FROM stock_moves WHERE variant_id = product_variants.id) AS moved
FROM product_variants
"""
