"""Whose products are: an agent reads them, and nobody sees another tenant's."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.integration.commerce.conftest import OpenShop, Shop


async def test_an_agent_reads_the_catalogue_and_changes_nothing(shop: Shop) -> None:
    made = await shop.offer()
    path = f"{shop.products}/{made['id']}"
    async with shop.platform.caller(await shop.platform.key(str(shop.id))) as agent:
        assert (await agent.get(path)).status_code == (await agent.get(shop.products)).status_code == 200
        for refused in (
            await agent.post(shop.products, json={"name": "x", "base_price": 1}),
            await agent.patch(path, json={"name": "x"}),
            await agent.put(path, json={"name": "x", "base_price": 1}),
            await agent.delete(path),
            await agent.post(f"{path}/variants", json={"sku": "x"}),
            await agent.post(f"{path}/variants/{made['variants'][0]['id']}/stock", json={"delta": 1}),
        ):
            assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")


async def test_another_tenants_products_are_not_there(shop: Shop, open_shop: OpenShop) -> None:
    made = await shop.offer()
    other = await open_shop("Toko Lain")
    for path in (f"{shop.products}/{made['id']}", f"{other.products}/{made['id']}", f"{other.products}/x"):
        assert (await other.http.get(path)).status_code == 404
        assert (await other.http.patch(path, json={"name": "x"})).status_code == 404
        assert (await other.http.delete(path)).status_code == 404
    assert (await other.http.get(shop.products)).status_code == 404
    assert await other.find("kopi") == []
    unknown = f"/v1/crm/tenants/{uuid4()}/products"
    assert (await shop.platform.http.get(unknown)).status_code == 404
    assert (await shop.platform.http.post(unknown, json={"name": "x", "base_price": 1})).status_code == 404
    assert (await shop.platform.http.get(f"{shop.products}/{made['id']}")).json()["id"] == made["id"]


@pytest.mark.parametrize("table", ["products", "product_variants", "stock_moves", "product_words"])
async def test_a_bare_select_sees_its_own_tenants_rows_only(shop: Shop, open_shop: OpenShop, table: str) -> None:
    other = await open_shop("Toko Lain")
    for one in (shop, other):
        await one.offer(variants=[{"sku": "K", "stock": 1}])
    async with shop.platform.database.transaction(shop.id) as connection:
        owners = set(await connection.scalars(text(f"SELECT tenant_id FROM {table}")))  # noqa: S608 - one of four
    assert owners == {UUID(str(shop.id))}
