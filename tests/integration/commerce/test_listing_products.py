"""Products are listed newest first, page by page, and narrowed by category, price and stock."""

from typing import Any

import pytest

from tests.integration.commerce.conftest import Shop


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
