"""Everybody wants the same thing, through two gateways, and both are killed -9 in the middle, one after the other."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.chaos.test_payments_die import TENANT, call
from tests.e2e.programs import GatewayProcess, until
from tests.e2e.stage import KEY, Stage, connected_stage
from tests.http_clients import request, sync_client
from tests.services.stack import Services

ORDERS, STOCK, BUYERS = 200, 130, 12


@pytest.fixture
def shop(services: Services, migrated_template: str) -> Iterator[Stage]:
    with connected_stage(services, template=migrated_template) as stage:
        yield stage


@contextmanager
def impatient(many: int) -> Iterator[ThreadPoolExecutor]:
    """Who has not begun when the test fails goes home."""
    threads = ThreadPoolExecutor(many)
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


def wanted_orders(http: httpx.Client) -> list[str]:
    variant = {"sku": "HOT", "price": 75_000, "stock": STOCK}
    call(http, "POST", f"/v1/crm/tenants/{TENANT}/products", name="Hot", base_price=75_000, variants=[variant])
    customer = call(http, "POST", f"/v1/crm/tenants/{TENANT}/customers", phone_number="+6281234567890")["id"]
    body = {"customer_id": customer, "items": [{"sku": "HOT", "quantity": 1}]}
    return [str(call(http, "POST", f"/v1/crm/tenants/{TENANT}/orders", **body)["id"]) for _ in range(ORDERS)]


def confirm(doors: list[GatewayProcess], order_id: str, number: int) -> str:
    """`done` or the refusal; asks again, with the same key and at the next door, until somebody can tell."""
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": order_id}
    outcome = ""

    def is_decided() -> bool:
        nonlocal outcome, number
        number += 1
        try:
            url = f"{doors[number % len(doors)].url}/v1/crm/orders/{order_id}/confirm"
            answer = request("POST", url, headers=headers, timeout=10)
        except httpx.TransportError:
            return False
        outcome = "done" if answer.status_code == 200 else str(answer.json()["code"])
        return outcome not in ("database_unavailable", "idempotency_in_progress")

    until(is_decided, pause=0.2, what="an outcome")
    return outcome


@pytest.mark.timeout(400)
def test_nothing_is_sold_twice_or_lost_when_gateways_die(shop: Stage) -> None:
    doors = [shop.gateway().start(), shop.gateway().start()]
    with sync_client(base_url=doors[0].url, headers={"Authorization": f"Bearer {KEY}"}) as http:
        orders = wanted_orders(http)

    def confirmed() -> int:
        return int(shop.sql("SELECT count(*) AS many FROM orders WHERE status = 'CONFIRMED'")[0]["many"])

    with impatient(BUYERS) as buyers:
        calls = [buyers.submit(confirm, doors, one, number) for number, one in enumerate(orders)]
        for door in doors:
            until(lambda before: confirmed() > before, confirmed(), what="confirms")
            door.kill()
        for door in doors:
            door.start()
        outcomes = {order_id: one.result() for order_id, one in zip(orders, calls, strict=True)}
    assert sorted(outcomes.values()) == ["done"] * STOCK + ["out_of_stock"] * (ORDERS - STOCK)
    held = {str(row["order_id"]) for row in shop.sql("SELECT order_id FROM stock_reservations WHERE status = 'held'")}
    assert held == {order_id for order_id, outcome in outcomes.items() if outcome == "done"}
    assert [tuple(row) for row in shop.sql("SELECT stock, reserved FROM product_variants")] == [(STOCK, STOCK)]
    assert (confirmed(), len(shop.sql("SELECT id FROM stock_reservations"))) == (STOCK, STOCK)
    wake_ups = shop.sql("SELECT DISTINCT body ->> 'order_id' FROM outbox WHERE type = 'commerce.order_expires'")
    assert len(wake_ups) == STOCK
