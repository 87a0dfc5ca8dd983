"""Products: they are changed, described anew and archived, and no change is lost."""

import asyncio
from uuid import uuid4

from tests.integration.commerce.conftest import VARIANTS, Shop


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
