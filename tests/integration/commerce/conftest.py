"""A shop on the gateway's application and a real PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from tests.integration.tenancy.conftest import Installation, install, platform

__all__ = ["install", "platform"]

pytest.register_assert_rewrite("tests.unit.commerce.catalogue_suite")

VARIANTS = [
    {"sku": "GAYO-250", "name": "250 g", "price": "85000", "stock": 40, "attributes": {"roast": "medium"}},
    {"sku": "GAYO-1000", "name": "1 kg", "price": {"amount": "300000", "currency": "IDR"}, "stock": 5},
]


@dataclass
class Shop:
    """One tenant's shop; `http` sends its owner's key."""

    platform: Installation
    id: UUID
    http: httpx.AsyncClient

    @property
    def products(self) -> str:
        return f"/v1/crm/tenants/{self.id}/products"

    async def offer(self, name: str = "Kopi Gayo", **more: Any) -> dict[str, Any]:
        answer = await self.http.post(self.products, json={"name": name, "base_price": 50000, **more})
        assert answer.status_code == 201, answer.text
        product: dict[str, Any] = answer.json()
        return product

    async def find(self, q: str, **more: Any) -> list[str]:
        answer = await self.http.get(self.products, params={"q": q, **more})
        assert answer.status_code == 200, answer.text
        return [one["name"] for one in answer.json()["items"]]

    async def rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        return await self.platform.rows(statement, **values)


OpenShop = Callable[..., Awaitable[Shop]]


@pytest_asyncio.fixture
async def open_shop(platform: Installation) -> AsyncIterator[OpenShop]:
    opened: list[Shop] = []

    async def open_shop(name: str = "Warung Bu Sri", **settings: Any) -> Shop:
        tenant = await platform.tenant(name, **settings)
        opened.append(Shop(platform, UUID(tenant["id"]), platform.caller(tenant["api_key"])))
        return opened[-1]

    yield open_shop
    for shop in opened:
        await shop.http.aclose()


@pytest_asyncio.fixture
async def shop(open_shop: OpenShop) -> Shop:
    return await open_shop()
