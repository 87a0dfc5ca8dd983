"""Products: what an owner says is kept, what nobody may say changes nothing."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.commerce.conftest import OpenShop, Shop

VARIANTS = [
    {"sku": "GAYO-250", "name": "250 g", "price": "85000", "stock": 40, "attributes": {"roast": "medium"}},
    {"sku": "GAYO-1000", "name": "1 kg", "price": {"amount": "300000", "currency": "IDR"}, "stock": 5},
]


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


BAD: dict[str, dict[str, Any]] = {
    "negative": {"base_price": -1},
    "fractional rupiah": {"base_price": 0.5},
    "fractional rupiah in words": {"base_price": "1000.50"},
    "more decimals than rupiah have": {"base_price": "1000.00"},
    "too much": {"base_price": 10**12 + 1},
    "absurd": {"base_price": 1e300},
    "boolean": {"base_price": True},
    "words": {"base_price": "seribu"},
    "a list": {"base_price": [1]},
    "an odd object": {"base_price": {"amount": "1", "unit": "IDR"}},
    "no price": {"base_price": None},
    "other currency": {"base_price": {"amount": "1", "currency": "USD"}},
    "blank name": {"name": "  "},
    "long name": {"name": "x" * 256},
    "NUL": {"description": "a\x00b"},
    "long category": {"category": "x" * 101},
    "no URL": {"images": ["javascript:alert(1)"]},
    "negative stock": {"variants": [{"sku": "A", "stock": -1}]},
    "fractional stock": {"variants": [{"sku": "A", "stock": 1.5}]},
    "huge stock": {"variants": [{"sku": "A", "stock": 10**10}]},
    "blank SKU": {"variants": [{"sku": " "}]},
    "long SKU": {"variants": [{"sku": "x" * 101}]},
    "SKU with a line break": {"variants": [{"sku": "a\nb"}]},
    "unknown field": {"colour": "red"},
    "nested attribute": {"variants": [{"sku": "A", "attributes": {"a": {}}}]},
}


@pytest.mark.parametrize("wrong", BAD.values(), ids=BAD.keys())
async def test_bad_input_is_refused_and_changes_nothing(shop: Shop, wrong: dict[str, Any]) -> None:
    answer = await shop.http.post(shop.products, json={"name": "Kopi", "base_price": 1000, **wrong})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert await shop.rows("SELECT 1 FROM products") == []


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_money_that_is_no_number_is_refused(shop: Shop, amount: str) -> None:
    body = f'{{"name": "Kopi", "base_price": {amount}}}'
    answer = await shop.http.post(shop.products, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text


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


async def test_stock_is_the_sum_of_its_moves_however_many_move_it(shop: Shop) -> None:
    made = await shop.offer(variants=[{"sku": "K", "stock": 10}])
    path = f"{shop.products}/{made['id']}/variants/{made['variants'][0]['id']}/stock"
    answers = await asyncio.gather(
        *(shop.http.post(path, json={"delta": delta, "reason": "count"}) for delta in [3, -2] * 10)
    )
    assert {one.status_code for one in answers} == {200}
    assert await shop.rows("SELECT stock, (SELECT sum(delta) FROM stock_moves) FROM product_variants") == [(20, 20)]
    reasons = await shop.rows("SELECT kind, reason, actor <> '' FROM stock_moves ORDER BY id")
    assert (reasons[0], set(reasons[1:])) == (("initial", "", True), {("adjusted", "count", True)})


async def test_what_is_reserved_cannot_be_taken_off_the_shelf(shop: Shop) -> None:
    made = await shop.offer(variants=[{"sku": "K", "stock": 10}])
    await shop.rows("UPDATE product_variants SET reserved = 4 RETURNING 1")
    path = f"{shop.products}/{made['id']}/variants/{made['variants'][0]['id']}/stock"
    for delta in (-7, -(10**9)):
        answer = await shop.http.post(path, json={"delta": delta})
        assert (answer.status_code, answer.json()["code"]) == (409, "stock_too_low")
    answer = await shop.http.post(path, json={"delta": -6})
    assert (answer.json()["stock"], answer.json()["reserved"], answer.json()["available"]) == (4, 4, 0)
    assert (await shop.http.post(path, json={"delta": 10**9})).status_code == 422


async def test_a_change_that_was_read_too_early_is_refused(shop: Shop) -> None:
    made = await shop.offer()
    path = f"{shop.products}/{made['id']}"
    changed = await shop.http.patch(path, json={"name": "Kopi Toraja"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    for late in (
        await shop.http.patch(path, json={"name": "x"}, headers={"If-Match": '"1"'}),
        await shop.http.put(path, json={"name": "x", "base_price": 1}, headers={"If-Match": '"1"'}),
        await shop.http.delete(path, headers={"If-Match": '"1"'}),
    ):
        assert late.status_code == 412
    assert (await shop.http.get(path)).json()["name"] == "Kopi Toraja"


async def test_no_change_is_lost_when_many_change_one_product(shop: Shop) -> None:
    made = await shop.offer()
    path = f"{shop.products}/{made['id']}"
    changes = [{"name": f"Kopi {at}"} if at % 2 else {"description": f"Text {at}"} for at in range(10)]
    answers = await asyncio.gather(*(shop.http.patch(path, json=one) for one in changes))
    assert {one.status_code for one in answers} == {200}
    assert sorted(one.json()["version"] for one in answers) == list(range(2, 12))


async def test_put_describes_a_product_anew_and_leaves_its_stock(shop: Shop) -> None:
    made = await shop.offer(category="Kopi", description="old", variants=VARIANTS)
    body = {
        "name": "Kopi Baru",
        "base_price": 90000,
        "variants": [{"sku": "gayo-250", "stock": 1}, {"sku": "GAYO-500", "price": 150000, "stock": 2}],
    }
    answer = await shop.http.put(f"{shop.products}/{made['id']}", json=body)
    assert answer.status_code == 200
    new = answer.json()
    assert (new["name"], new["category"], new["description"]) == ("Kopi Baru", None, "")
    assert [(one["sku"], one["stock"], one["price"]["amount"]) for one in new["variants"]] == [
        ("gayo-250", 40, "90000"),
        ("GAYO-500", 2, "150000"),
    ]


async def test_variants_are_added_and_changed(shop: Shop) -> None:
    made = await shop.offer(variants=VARIANTS)
    path = f"{shop.products}/{made['id']}/variants"
    added = await shop.http.post(path, json={"sku": "GAYO-500", "name": "500 g", "price": "160000", "stock": 7})
    assert (added.status_code, added.json()["stock"]) == (201, 7)
    changed = await shop.http.patch(f"{path}/{added.json()['id']}", json={"price": 155000, "attributes": {"a": 1}})
    assert (changed.status_code, changed.json()["price"]["amount"]) == (200, "155000")
    taken = await shop.http.patch(f"{path}/{added.json()['id']}", json={"sku": "gayo-250"})
    assert (taken.status_code, taken.json()["code"]) == (409, "sku_taken")
    for unknown in (f"{path}/{uuid4()}", f"{shop.products}/{uuid4()}/variants/{added.json()['id']}", f"{path}/x"):
        assert (await shop.http.patch(unknown, json={"price": 1})).status_code == 404
    read = (await shop.http.get(f"{shop.products}/{made['id']}")).json()
    assert [one["sku"] for one in read["variants"]] == ["GAYO-250", "GAYO-1000", "GAYO-500"]


async def test_a_product_keeps_a_variant(shop: Shop) -> None:
    made = await shop.offer()
    path = f"{shop.products}/{made['id']}/variants/{made['variants'][0]['id']}"
    answer = await shop.http.patch(path, json={"is_active": False})
    assert (answer.status_code, answer.json()["code"]) == (409, "last_variant")


async def test_an_archived_product_is_not_listed_until_it_is_sold_again(shop: Shop) -> None:
    made = await shop.offer()
    path = f"{shop.products}/{made['id']}"
    for _ in range(2):
        assert (await shop.http.delete(path)).status_code == 204
    assert (await shop.http.get(shop.products)).json()["items"] == []
    assert await shop.find("kopi") == await shop.find(made["variants"][0]["sku"]) == []
    archived = (await shop.http.get(shop.products, params={"active": False})).json()["items"]
    assert [(one["id"], one["is_active"]) for one in archived] == [(made["id"], False)]
    assert (await shop.http.patch(path, json={"is_active": True})).status_code == 200
    assert await shop.find("kopi") == ["Kopi Gayo"]


async def test_products_are_listed_page_by_page_newest_first(shop: Shop) -> None:
    for at in range(5):
        await shop.offer(f"Produk {at}", category="A" if at % 2 else "B")
    names: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await shop.http.get(shop.products, params={"limit": 2, **cursor})).json()
        names += [one["name"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert names == [f"Produk {at}" for at in (4, 3, 2, 1, 0)]
    only = (await shop.http.get(shop.products, params={"category": "A"})).json()["items"]
    assert [one["name"] for one in only] == ["Produk 3", "Produk 1"]


async def test_prices_and_stock_narrow_the_list(shop: Shop) -> None:
    await shop.offer("Murah", base_price=1000, variants=[{"sku": "M", "stock": 1}])
    await shop.offer("Mahal", base_price=9000, variants=[{"sku": "H", "stock": 0}])
    for asked, names in (
        ({"max_price": "1000"}, ["Murah"]),
        ({"min_price": "1001"}, ["Mahal"]),
        ({"in_stock": True}, ["Murah"]),
        ({"in_stock": False}, ["Mahal"]),
        ({"min_price": "1000", "max_price": "9000"}, ["Mahal", "Murah"]),
    ):
        items = (await shop.http.get(shop.products, params=asked)).json()["items"]
        assert [one["name"] for one in items] == names, asked
        assert sorted(await shop.find("ma", **asked)) == sorted(name for name in names if name.startswith("Ma"))
    wrong = await shop.http.get(shop.products, params={"min_price": "1.5"})
    assert (wrong.status_code, wrong.json()["errors"][0]["loc"]) == (422, ["query", "min_price"])


@pytest.mark.parametrize(
    "asked",
    [{"limit": 0}, {"limit": 201}, {"cursor": "x"}, {"q": "kopi", "cursor": "eA"}, {"q": "a\x00"}, {"in_stock": "?"}],
)
async def test_a_list_is_asked_for_rightly_or_refused(shop: Shop, asked: dict[str, Any]) -> None:
    assert (await shop.http.get(shop.products, params=asked)).status_code == 422


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
    from sqlalchemy import text  # noqa: PLC0415

    other = await open_shop("Toko Lain")
    for one in (shop, other):
        await one.offer(variants=[{"sku": "K", "stock": 1}])
    async with shop.platform.database.transaction(shop.id) as connection:
        owners = set(await connection.scalars(text(f"SELECT tenant_id FROM {table}")))  # noqa: S608 - one of four
    assert owners == {UUID(str(shop.id))}
