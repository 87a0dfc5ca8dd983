"""Products: what an owner says is kept as it was said, and a SKU is had once."""

import asyncio

from tests.integration.commerce.conftest import VARIANTS, OpenShop, Shop


async def test_a_product_is_answered_as_it_was_offered(shop: Shop) -> None:
    body = {
        "name": " Kopi Gayo ",
        "description": "Arabika",
        "category": "Kopi",
        "base_price": 85000,
        "variants": VARIANTS,
        "images": ["https://example.com/a.jpg"],
    }
    answer = await shop.http.post(shop.products, json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"{shop.products}/{made['id']}"
    assert made | {"variants": [], "id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "tenant_id": str(shop.id),
        "name": "Kopi Gayo",
        "description": "Arabika",
        "category": "Kopi",
        "base_price": {"amount": "85000", "currency": "IDR"},
        "currency": "IDR",
        "is_active": True,
        "variants": [],
        "images": ["https://example.com/a.jpg"],
        "created_at": "",
        "updated_at": "",
        "version": 1,
    }
    small, large = made["variants"]
    assert (small["sku"], small["available"], small["attributes"]) == ("GAYO-250", 40, {"roast": "medium"})
    assert large["price"] == {"amount": "300000", "currency": "IDR"}
    read = await shop.http.get(f"{shop.products}/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, '"1"')


async def test_a_product_without_variants_gets_one(shop: Shop) -> None:
    made = await shop.offer()
    (only,) = made["variants"]
    assert (only["name"], only["price"], only["stock"]) == ("default", {"amount": "50000", "currency": "IDR"}, 0)
    changed = await shop.http.patch(f"{shop.products}/{made['id']}", json={"base_price": "60000"})
    assert changed.json()["variants"][0]["price"]["amount"] == "60000"


async def test_prices_are_those_of_the_tenants_currency(open_shop: OpenShop) -> None:
    shop = await open_shop("Kopitiam", currency="SGD")
    made = await shop.offer(base_price="4.50")
    assert made["base_price"] == {"amount": "4.50", "currency": "SGD"}
    answer = await shop.http.post(shop.products, json={"name": "x", "base_price": {"amount": 1, "currency": "IDR"}})
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "base_price"])


async def test_a_sku_is_had_once_in_any_case(shop: Shop, open_shop: OpenShop) -> None:
    await shop.offer(variants=[{"sku": "gayo"}])
    for variants in ([{"sku": "GAYO"}], [{"sku": "A"}, {"sku": "a"}]):
        answer = await shop.http.post(shop.products, json={"name": "Two", "base_price": 1, "variants": variants})
        assert (answer.status_code, answer.json()["code"]) == (409, "sku_taken")
    assert len(await shop.rows("SELECT 1 FROM products")) == 1
    other = await open_shop("Toko Lain")
    assert (await other.offer(variants=[{"sku": "gayo"}]))["variants"][0]["sku"] == "gayo"


async def test_of_twins_that_want_one_sku_at_once_one_gets_it(shop: Shop) -> None:
    body = {"name": "Kopi", "base_price": 1, "variants": [{"sku": "K"}]}
    answers = await asyncio.gather(*(shop.http.post(shop.products, json=body) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [201] + [409] * 7


async def test_the_same_request_twice_makes_one_product_and_one_move(shop: Shop) -> None:
    body = {"name": "Kopi", "base_price": 1000, "variants": [{"sku": "K", "stock": 3}]}
    key = {"Idempotency-Key": "the first"}
    first, again = [await shop.http.post(shop.products, json=body, headers=key) for _ in range(2)]
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    product, variant = first.json()["id"], first.json()["variants"][0]["id"]
    path = f"{shop.products}/{product}/variants/{variant}/stock"
    for _ in range(2):
        moved = await shop.http.post(path, json={"delta": 5, "reason": "delivery"}, headers={"Idempotency-Key": "m"})
        assert (moved.status_code, moved.json()["stock"]) == (200, 8)
    assert len(await shop.rows("SELECT 1 FROM products")) == 1
    other = await shop.http.post(path, json={"delta": 6}, headers={"Idempotency-Key": "m"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
