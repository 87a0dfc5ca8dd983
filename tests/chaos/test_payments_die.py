"""Money is recorded once, whoever is killed meanwhile: kill -9 of the commerce agent, notices twice and in disorder."""

from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest

from tests.e2e.programs import GatewayProcess, until
from tests.e2e.stage import KEY, Stage, connected_stage
from tests.http_clients import sync_client
from tests.services.stack import Services
from tests.twins.midtrans_books import SERVER_KEY
from tests.twins.midtrans_server import MidtransTwin, midtrans_server

ORDERS = 12
TENANT = "00000000-0000-7000-8000-000000000001"


@pytest.fixture
def midtrans() -> Iterator[MidtransTwin]:
    with midtrans_server() as twin:
        yield twin


@pytest.fixture
def shop(services: Services, migrated_template: str, midtrans: MidtransTwin) -> Iterator[Stage]:
    variables = {
        "MIDTRANS_SERVER_KEY": SERVER_KEY,
        "MIDTRANS_SNAP_URL": midtrans.snap_url,
        "MIDTRANS_API_URL": midtrans.api_url,
        "PAYMENT_TIMEOUT_SECONDS": "5",
    }
    with connected_stage(services, template=migrated_template, variables=variables) as stage:
        yield stage


def call(http: httpx.Client, method: str, path: str, **body: Any) -> dict[str, Any]:
    answer = http.request(method, path, json=body or None)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def payable_orders(http: httpx.Client) -> list[dict[str, Any]]:
    variant = {"sku": "KOPI", "name": "250 g", "price": 75_000, "stock": 100}
    call(http, "POST", f"/v1/crm/tenants/{TENANT}/products", name="Kopi", base_price=75_000, variants=[variant])
    customer = call(http, "POST", f"/v1/crm/tenants/{TENANT}/customers", phone_number="+6281234567890")["id"]
    made = []
    for quantity in range(1, ORDERS + 1):
        items = [{"sku": "KOPI", "quantity": quantity}]
        order = call(http, "POST", f"/v1/crm/tenants/{TENANT}/orders", customer_id=customer, items=items)
        call(http, "POST", f"/v1/crm/orders/{order['id']}/confirm")
        made.append(call(http, "POST", f"/v1/crm/orders/{order['id']}/payment"))
    return made


def storm_of_notices(http: httpx.Client, midtrans: MidtransTwin) -> None:
    notices = []
    for reference in midtrans.books.orders:
        pending, paid = midtrans.books.choose(reference), midtrans.books.pay(reference)
        notices += [pending, paid, paid, pending]
    Random(11).shuffle(notices)  # noqa: S311 - disorder, not a secret
    for notice in notices:
        assert http.post("/v1/crm/payments/callback/midtrans", json=notice).status_code == 200


@pytest.mark.timeout(400)
def test_all_money_is_recorded_once_whoever_dies(shop: Stage, midtrans: MidtransTwin) -> None:
    gateway: GatewayProcess = shop.gateway().start()
    headers = {"Authorization": f"Bearer {KEY}"}
    with sync_client(base_url=gateway.url, headers=headers, timeout=20) as http:
        orders = payable_orders(http)
        agent = shop.agent()
        midtrans.faults.delay = 1.5
        midtrans.faults.next("late", path="/status", times=20)
        storm_of_notices(http, midtrans)
        for _ in range(3):
            asked = len(midtrans.faults.calls)
            agent.start()
            until(lambda before: len(midtrans.faults.calls) > before, asked, what="a question in hand")
            agent.kill()
        agent.start()
        until(
            lambda: all(call(http, "GET", f"/v1/crm/orders/{one['id']}")["payment_status"] == "PAID" for one in orders),
            what="all orders paid",
        )
        agent.stop()
        report = call(http, "POST", "/v1/ops/payments/reconcile")
        assert report["clean"], report
    sold = ORDERS * (ORDERS + 1) // 2
    assert [tuple(row) for row in shop.sql("SELECT stock, reserved FROM product_variants")] == [(100 - sold, 0)]
    assert [tuple(row) for row in shop.sql("SELECT sum(received), sum(amount) FROM payments")] == [(sold * 75_000,) * 2]
    assert shop.sql("SELECT count(*) AS paid FROM payment_events WHERE standing = 'paid'")[0]["paid"] == ORDERS
