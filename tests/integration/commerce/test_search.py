"""Search finds what is meant, however it is spelled, and the better match first."""

import re
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from tests.integration.commerce.conftest import OpenShop, Shop

SHELF: list[dict[str, Any]] = [
    {"name": "Kopi Gayo", "category": "Kopi", "variants": [{"sku": "GAYO-250", "name": "250g", "stock": 5}]},
    {"name": "Kopi Toraja Sapan", "category": "Kopi", "description": "Lebih ringan dari kopi gayo."},
    {"name": "Gelas Kopi Besar", "category": "Alat"},
    {"name": "Kaos Hitam Polos", "category": "Pakaian", "variants": [{"sku": "KH-L", "attributes": {"size": "L"}}]},
    {"name": "Kaos Putih", "category": "Pakaian"},
    {"name": "T-Shirt Band", "category": "Pakaian"},
    {"name": "Kemeja Batik Pria", "category": "Pakaian"},
    {"name": "Sambal Cabai Hijau", "category": "Bumbu"},
    {"name": "Baterai AA", "category": "Elektronik", "variants": [{"sku": "BAT-AA-4", "name": "isi 4"}]},
    {"name": "Sepatu Lari Wanita", "category": "Sepatu"},
    {"name": "Crème Brûlée", "category": "Kue"},
    {"name": "Tas Ransel Sekolah", "category": "Tas"},
    {"name": "Gas Elpiji", "category": "Dapur"},
    {"name": "Kopi Gayo Premium Spesial", "category": "Kopi"},
]


@pytest_asyncio.fixture
async def full(shop: Shop) -> Shop:
    for one in SHELF:
        await shop.offer(**one)
    return shop


FIRST = {
    "kopi gayo": "Kopi Gayo",
    "KOPI GAYO": "Kopi Gayo",
    "gayo kopi": "Kopi Gayo",
    "kopi gajo": "Kopi Gayo",
    "kpoi gayo": "Kopi Gayo",
    "kopigayo": None,
    "ada kopi toraja kak?": "Kopi Toraja Sapan",
    "kaos itam": "Kaos Hitam Polos",
    "kaos item": "Kaos Hitam Polos",
    "mau cari kaos putihnya dong": "Kaos Putih",
    "tshirt": "T-Shirt Band",
    "t-shirt": "T-Shirt Band",
    "kemja batik": "Kemeja Batik Pria",
    "kameja": "Kemeja Batik Pria",
    "sambel cabe ijo": "Sambal Cabai Hijau",
    "batrai": "Baterai AA",
    "batre": "Baterai AA",
    "spatu lari": "Sepatu Lari Wanita",
    "sepatu2 wanita": "Sepatu Lari Wanita",
    "creme brulee": "Crème Brûlée",
    "crem brule": "Crème Brûlée",
    "rangsel": "Tas Ransel Sekolah",
    "tas": "Tas Ransel Sekolah",
    "sepa": "Sepatu Lari Wanita",
    "gayo-250": "Kopi Gayo",
    "GAYO-2": "Kopi Gayo",
    "gayo 250": "Kopi Gayo",
    "bat-aa-4": "Baterai AA",
    "kaos hitam ukuran XXXL": "Kaos Hitam Polos",
    "pesawat terbang": None,
    "???": None,
    "' | !& (": None,
    "kopi:* & !gayo": "Kopi Gayo",
}


async def test_the_first_hit_is_what_was_meant(full: Shop) -> None:
    found = {said: next(iter(await full.find(said, limit=3)), None) for said in FIRST}
    assert found == FIRST


async def test_the_better_name_comes_first_and_the_description_last(full: Shop) -> None:
    assert await full.find("kopi gayo") == ["Kopi Gayo", "Kopi Gayo Premium Spesial", "Kopi Toraja Sapan"]


async def test_what_is_spelled_rightly_is_not_taken_for_something_else(full: Shop) -> None:
    assert await full.find("tas") == ["Tas Ransel Sekolah"]
    assert await full.find("gas") == ["Gas Elpiji"]


async def test_filters_narrow_what_is_found(full: Shop) -> None:
    assert await full.find("kopi", category="Alat") == ["Gelas Kopi Besar"]
    assert await full.find("kopi", in_stock=True) == ["Kopi Gayo"]
    assert await full.find("GAYO-250", category="Alat") == []


async def test_a_search_goes_on_where_its_page_ended(full: Shop) -> None:
    everything = await full.find("kopi")
    assert len(everything) == 4
    names: list[str] = []
    cursor: dict[str, str] = {}
    for _ in everything:
        page = (await full.http.get(full.products, params={"q": "kopi", "limit": 1, **cursor})).json()
        names += [one["name"] for one in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert (names, page["next_cursor"]) == (everything, None)


async def test_a_change_is_found_at_once_and_the_old_name_no_more(full: Shop) -> None:
    made = await full.offer("Jaket Kulit")
    await full.http.patch(f"{full.products}/{made['id']}", json={"name": "Rompi Wol"})
    assert await full.find("rompi") == ["Rompi Wol"]
    assert await full.find("jaket kulit") == []


async def test_each_tenant_finds_its_own(full: Shop, open_shop: OpenShop) -> None:
    other = await open_shop("Toko Lain")
    await other.offer("Kopi Kintamani")
    assert await other.find("kopi") == ["Kopi Kintamani"]
    assert "Kopi Kintamani" not in await full.find("kopi")


@pytest.mark.parametrize("whose", ["its own", "nobody's"])
async def test_the_search_function_serves_the_transactions_tenant_alone(
    full: Shop, open_shop: OpenShop, whose: str
) -> None:
    other = await open_shop("Toko Lain")
    await other.offer("Kopi Kintamani")
    query = text("SELECT count(*) FROM search_products(:q, 100, NULL, NULL, NULL, NULL, true)")
    marks = " | ".join(f"'{one.hex[-8:]}nkopi'" for one in (full.id, other.id))
    if whose == "its own":
        async with full.platform.database.transaction(other.id) as connection:
            assert await connection.scalar(query, {"q": marks}) == 1
    else:
        with pytest.raises(Exception, match="permission denied"):
            async with full.platform.database.transaction(None) as connection:
                await connection.execute(query, {"q": marks})


async def test_a_search_uses_the_indexes(full: Shop) -> None:
    """With sequential scans forbidden the plan names an index on each table that it reads."""
    words = text("EXPLAIN SELECT word FROM product_words WHERE tenant_id = :t AND key = ANY(:k)")
    skus = text("EXPLAIN SELECT 1 FROM product_variants WHERE tenant_id = :t AND sku_key = :s")
    async with full.platform.database.transaction(full.id) as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        one = "\n".join(await connection.scalars(words, {"t": full.id, "k": ["kopi"]}))
        two = "\n".join(await connection.scalars(skus, {"t": full.id, "s": "a"}))
    assert re.search(r"Index Cond: \(.*tenant_id = .* \(?key = ANY", one), one
    assert re.search(r"Index Cond: \(.*tenant_id = .* \(?sku_key = ", two), two
