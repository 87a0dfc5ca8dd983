"""Where one tenant's people take orders over HTTP."""

from dataclasses import dataclass
from typing import Any

import httpx

from ai_platform.kernel.ids import new_id
from tests.integration.tenancy.conftest import Installation

NOBODY = "00000000-0000-7000-8000-00000000ffff"


@dataclass
class Counter:
    """Where one tenant's people take orders; `http` is the owner's."""

    platform: Installation
    tenant_id: str
    http: httpx.AsyncClient

    @property
    def orders(self) -> str:
        return f"/v1/crm/tenants/{self.tenant_id}/orders"

    async def offer(self, sku: str = "GAYO", *, price: int = 50_000, stock: int = 10) -> dict[str, Any]:
        variant = {"sku": sku, "name": "250 g", "price": price, "stock": stock}
        body = {"name": f"Kopi {sku}", "base_price": price, "variants": [variant]}
        answer = await self.http.post(f"/v1/crm/tenants/{self.tenant_id}/products", json=body)
        assert answer.status_code == 201, answer.text
        product: dict[str, Any] = answer.json()
        return product

    async def customer(self) -> str:
        customer_id = str(new_id())
        async with self.platform.database.transaction(None) as connection:
            await connection.exec_driver_sql(
                f"INSERT INTO customers (id, tenant_id, name) VALUES ('{customer_id}', '{self.tenant_id}', 'Sri')"  # noqa: S608
            )
        return customer_id

    async def order(self, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"customer_id": await self.customer(), "items": list(items), **more}
        answer = await self.http.post(self.orders, json=body)
        assert answer.status_code == 201, answer.text
        order: dict[str, Any] = answer.json()
        return order


def rupiah(amount: int) -> dict[str, str]:
    return {"amount": str(amount), "currency": "IDR"}
