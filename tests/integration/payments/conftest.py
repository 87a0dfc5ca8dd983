"""A shop behind the gateway's application, and the twins of its payment providers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from tests.integration.tenancy.conftest import Installation, Platform, install
from tests.twins.midtrans_books import SERVER_KEY, Body
from tests.twins.midtrans_server import MidtransTwin, midtrans_server
from tests.twins.xendit_server import CALLBACK_TOKEN, SECRET_KEY, XenditTwin, xendit_server

__all__ = ["install"]

MIDTRANS = {"payment_provider": "midtrans", "payment_config": {"server_key": SERVER_KEY}}
XENDIT = {"payment_provider": "xendit", "payment_config": {"secret_key": SECRET_KEY, "callback_token": CALLBACK_TOKEN}}
SANDBOX = {"payment_provider": "sandbox"}

Owner = Callable[[str], Awaitable[object]]


@dataclass
class Shop:
    """One tenant with a product of 10 pieces at 75 000 and a customer; `http` sends its owner's key."""

    platform: Installation
    id: UUID
    http: httpx.AsyncClient
    sku: str
    variant_id: str
    customer_id: str

    async def answer(self, method: str, path: str, status: int, **arguments: Any) -> dict[str, Any]:
        answer = await self.http.request(method, path, **arguments)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def confirmed(self, quantity: int = 2) -> dict[str, Any]:
        order = await self.answer(
            "POST",
            f"/v1/crm/tenants/{self.id}/orders",
            201,
            json={"customer_id": self.customer_id, "items": [{"sku": self.sku, "quantity": quantity}]},
        )
        return await self.answer("POST", f"/v1/crm/orders/{order['id']}/confirm", 200)

    async def payable(self, quantity: int = 2) -> dict[str, Any]:
        """An order with a payment open."""
        order = await self.confirmed(quantity)
        return await self.answer("POST", f"/v1/crm/orders/{order['id']}/payment", 201)

    async def order(self, order: dict[str, Any]) -> dict[str, Any]:
        return await self.answer("GET", f"/v1/crm/orders/{order['id']}", 200)

    async def payment(self, order: dict[str, Any]) -> dict[str, Any]:
        return await self.answer("GET", f"/v1/crm/payments/{order['payment']['id']}", 200)

    async def reference(self, order: dict[str, Any]) -> str:
        return str((await self.payment(order))["reference"])

    async def notified(self, provider: str, body: Body, headers: dict[str, str] | None = None) -> httpx.Response:
        """As the provider sends it: without a key."""
        async with self.platform.caller() as stranger:
            return await stranger.post(
                f"/v1/crm/payments/callback/{provider}/{self.id}", json=body, headers=headers or {}
            )

    async def work(self) -> None:
        """The commerce agent does what is due, until nothing is."""
        worker = self.platform.commerce.work.payments
        while await worker.work_off():
            await worker.idle()

    async def later(self) -> None:
        """Everything that is planned for later is due now."""
        await self.platform.rows(
            "WITH moved AS (UPDATE payments SET check_at = now() WHERE check_at IS NOT NULL RETURNING id) "
            "SELECT count(*) FROM moved"
        )
        await self.work()

    async def pass_expiry(self, table: str, row_id: str) -> None:
        await self.platform.rows(
            f"WITH moved AS (UPDATE {table} SET expires_at = now() - interval '1 second' WHERE id = :id RETURNING id) "  # noqa: S608 - our own words
            "SELECT count(*) FROM moved",
            id=UUID(row_id),
        )

    async def stock(self) -> tuple[int, int]:
        """In stock, and reserved of it."""
        ((stock, reserved),) = await self.platform.rows(
            "SELECT stock, reserved FROM product_variants WHERE id = :id", id=UUID(self.variant_id)
        )
        return stock, reserved

    async def told(self, topic: str) -> list[Any]:
        """The facts of a topic that were written."""
        return await self.platform.rows("SELECT body FROM outbox WHERE topic = :topic ORDER BY id", topic=topic)

    async def reconciled(self) -> dict[str, Any]:
        answer = await self.platform.http.post("/v1/ops/payments/reconcile")
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report


OpenShop = Callable[..., Awaitable[Shop]]


@pytest.fixture
def midtrans() -> Iterator[MidtransTwin]:
    with midtrans_server() as twin:
        yield twin


@pytest.fixture
def xendit() -> Iterator[XenditTwin]:
    with xendit_server() as twin:
        yield twin


@pytest_asyncio.fixture
async def open_shop(install: Platform, midtrans: MidtransTwin, xendit: XenditTwin) -> AsyncIterator[OpenShop]:
    opened: list[Shop] = []
    installation = await install(
        midtrans_snap_url=midtrans.snap_url,
        midtrans_api_url=midtrans.api_url,
        xendit_api_url=xendit.url,
        midtrans_server_key=SecretStr("SB-Mid-server-of-the-installation"),
        payment_timeout_seconds=0.5,
    )

    async def open_shop(provider: dict[str, Any]) -> Shop:
        number = len(opened)
        tenant = await installation.tenant(f"Warung {number}", **provider)
        http = installation.caller(tenant["api_key"])
        made = await http.post(
            f"/v1/crm/tenants/{tenant['id']}/products",
            json={
                "name": "Kopi Gayo",
                "base_price": 75_000,
                "variants": [{"sku": f"KOPI-{number}", "name": "250 g", "price": 75_000, "stock": 10}],
            },
        )
        assert made.status_code == 201, made.text
        (customer,) = await installation.rows(
            "WITH made AS (INSERT INTO customers (id, tenant_id, phone_number, name) VALUES "
            "(gen_random_uuid(), :tenant, :phone, 'Budi') RETURNING id) SELECT id::text FROM made",
            tenant=UUID(tenant["id"]),
            phone="+6281234567890",
        )
        variant = made.json()["variants"][0]
        opened.append(Shop(installation, UUID(tenant["id"]), http, variant["sku"], variant["id"], customer[0]))
        return opened[-1]

    yield open_shop
    for shop in opened:
        await shop.http.aclose()


@pytest_asyncio.fixture
async def shop(open_shop: OpenShop) -> Shop:
    """One that is paid through Midtrans."""
    return await open_shop(MIDTRANS)


async def paid(shop: Shop, midtrans: MidtransTwin, payment_type: str = "gopay", quantity: int = 2) -> dict[str, Any]:
    order = await shop.payable(quantity)
    await shop.notified("midtrans", midtrans.books.pay(await shop.reference(order), payment_type))
    await shop.work()
    return await shop.order(order)


@pytest_asyncio.fixture
async def as_owner(database_url: str) -> AsyncIterator[Owner]:
    """The tables' owner: no role of the application may do as he does."""
    connection = await asyncpg.connect(database_url)
    yield connection.execute
    await connection.close()
