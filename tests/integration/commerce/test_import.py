"""A catalogue from a file: any size, any order of columns, and each bad line for itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ai_platform.commerce.application.import_products import BATCH_ROWS, ImportProducts
from ai_platform.commerce.infrastructure.catalogue import CatalogueTransactions
from ai_platform.commerce.interface.import_rows import rows_of
from ai_platform.kernel.clock import SystemClock
from ai_platform.kernel.principal import Principal, Role
from tests.integration.commerce.conftest import OpenShop, Shop

HEADER = "name,description,category,base_price,sku,variant_name,price,stock\n"
COFFEE = (
    HEADER
    + "Kopi Gayo,Arabika,Kopi,85000,GAYO-250,250 g,,40\n"
    + "Kopi Gayo,,,,GAYO-1000,1 kg,300000,5\n"
    + "Teh Poci,,Teh,20000,POCI,,,7\n"
)


async def send(shop: Shop, csv: str | bytes, status: int = 200) -> dict[str, Any]:
    body = csv.encode() if isinstance(csv, str) else csv
    answer = await shop.http.post(f"{shop.products}/import", content=body, headers={"Content-Type": "text/csv"})
    assert answer.status_code == status, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def miscounted(shop: Shop) -> list[tuple[Any, ...]]:
    """Variants whose stock is not the sum of its moves."""
    sums = "SELECT coalesce(sum(delta), 0) FROM stock_moves WHERE variant_id = v.id"
    return await shop.rows(f"SELECT sku FROM product_variants v WHERE stock <> ({sums})")  # noqa: S608 - a constant


async def on_the_shelf(shop: Shop) -> dict[str, dict[str, Any]]:
    items = (await shop.http.get(shop.products)).json()["items"]
    return {one["name"]: one for one in items}


async def test_lines_with_one_name_are_variants_of_one_product(shop: Shop) -> None:
    assert await send(shop, COFFEE) == {"created": 3, "updated": 0, "rejected": []}
    shelf = await on_the_shelf(shop)
    assert set(shelf) == {"Kopi Gayo", "Teh Poci"}
    coffee = shelf["Kopi Gayo"]
    assert (coffee["description"], coffee["category"], coffee["base_price"]["amount"]) == ("Arabika", "Kopi", "85000")
    assert [(one["sku"], one["name"], one["price"]["amount"], one["stock"]) for one in coffee["variants"]] == [
        ("GAYO-250", "250 g", "85000", 40),
        ("GAYO-1000", "1 kg", "300000", 5),
    ]
    assert await shop.find("kopi gajo") == ["Kopi Gayo"]


async def test_the_same_file_again_changes_nothing_and_a_new_count_moves_the_stock(shop: Shop) -> None:
    await send(shop, COFFEE)
    before = await on_the_shelf(shop)
    assert await send(shop, COFFEE) == {"created": 0, "updated": 3, "rejected": []}
    assert await on_the_shelf(shop) == before
    await send(shop, HEADER + "Kopi Gayo,,,90000,gayo-250,,,35\n")
    after = (await on_the_shelf(shop))["Kopi Gayo"]
    assert (after["base_price"]["amount"], after["description"], after["variants"][0]["stock"]) == (
        "90000",
        "Arabika",
        35,
    )
    moves = await shop.rows("SELECT kind, delta FROM stock_moves JOIN product_variants v ON v.id = variant_id "
                            "WHERE sku_key = 'gayo-250' ORDER BY stock_moves.id")  # fmt: skip
    assert moves == [("imported", 40), ("imported", -5)]
    assert await miscounted(shop) == []


async def test_columns_come_in_any_order_and_others_are_attributes(shop: Shop) -> None:
    csv = "\ufeffStock;NAME ;warna;price;Sku;;ukuran\r\n3;Kaos;hitam;50000;K-L;;L\r\n;Kaos;putih;50000;K-M;;\r\n"
    assert await send(shop, csv) == {"created": 2, "updated": 0, "rejected": []}
    large, medium = (await on_the_shelf(shop))["Kaos"]["variants"]
    assert (large["attributes"], large["stock"]) == ({"warna": "hitam", "ukuran": "L"}, 3)
    assert (medium["attributes"], medium["stock"]) == ({"warna": "putih"}, 0)
    assert await shop.find("kaos putih") == ["Kaos"]


async def test_one_bad_line_loses_no_other(shop: Shop) -> None:
    await shop.offer("Sudah Ada", variants=[{"sku": "ADA", "stock": 5}])
    await shop.rows("UPDATE product_variants SET reserved = 3 RETURNING 1")
    lines = [
        "Baik 1,,,1000,B1,,,1",
        ",,,1000,X1,,,1",
        "Pecahan,,,1000.5,X2,,,1",
        "Minus,,,-5,X3,,,1",
        "Tanpa Harga,,,,X4,,,1",
        "Stok Aneh,,,1000,X5,,,-1",
        "Stok Pecah,,,1000,X6,,,1.5",
        "Terlalu Besar,,,9999999999999999,X7,,,1",
        f"{'x' * 256},,,1000,X8,,,1",
        f"SKU Panjang,,,1000,{'x' * 101},,,1",
        "Nama Lain,,,1000,ada,,,1",
        "Sudah Ada,,,1000,ADA,,,2",
        "Banyak,,,1000,X9,,,1,a,b",
        'Kutip "aneh" di tengah,,,1000,B2,,,1',
        '"Kutip"salah,,,1000,X10,,,1',
        '"Belum ditutup,,,1000,X11,,,1',
        "Baik 2,,,1000,B3,,,1",
        "",
        '"Dua, baris\ndan ""kutip""",,,1000,B4,,,1',
        "Baik 3,,,NaN,X12,,,1",
        "Baik 4",
        "Baik 5,,,2000,B5",
    ]
    report = await send(shop, HEADER + "\n".join(lines) + "\n")
    codes = [(bad["line"], bad["code"]) for bad in report["rejected"]]
    assert codes == [
        (3, "name_missing"), (4, "base_price_invalid"), (5, "base_price_invalid"), (6, "base_price_missing"),
        (7, "stock_invalid"), (8, "stock_invalid"), (9, "base_price_invalid"), (10, "name_invalid"),
        (11, "sku_invalid"), (12, "sku_taken"), (13, "stock_too_low"), (14, "line_invalid"),
        (16, "csv_malformed"), (17, "csv_malformed"), (22, "base_price_invalid"), (23, "base_price_missing"),
    ]  # fmt: skip
    assert (report["created"], report["updated"]) == (5, 0)
    assert set(await on_the_shelf(shop)) == {
        "Sudah Ada", "Baik 1", 'Kutip "aneh" di tengah', "Baik 2", 'Dua, baris\ndan "kutip"', "Baik 5"
    }  # fmt: skip
    assert all(bad["message"] for bad in report["rejected"])


async def test_bytes_that_are_no_text_cost_their_line_alone(shop: Shop) -> None:
    csv = (
        HEADER.encode()
        + b"Baik,,,1,A,,,1\nKopi \xff,,,1,B,,,1\nNol\x00,,,1,C,,,1\n"
        + b"x" * 300_000
        + b"\nLagi,,,1,D,,,1"
    )
    report = await send(shop, csv)
    assert [(bad["line"], bad["code"]) for bad in report["rejected"]] == [
        (3, "encoding_invalid"), (4, "encoding_invalid"), (5, "line_too_long")
    ]  # fmt: skip
    assert set(await on_the_shelf(shop)) == {"Baik", "Lagi"}


@pytest.mark.parametrize(
    "csv", ["", "\n\n", "sku,stock\n", "name,price,Name\n", "name\nKopi\n", '"name,price\nKopi,1\n', b"\xff\xfe"]
)
async def test_a_file_without_a_header_that_can_be_read_is_refused(shop: Shop, csv: str | bytes) -> None:
    assert (await send(shop, csv, 422))["code"] == "header_invalid"


async def test_what_is_no_csv_is_refused(shop: Shop) -> None:
    answer = await shop.http.post(f"{shop.products}/import", json={})
    assert (answer.status_code, answer.json()["code"]) == (422, "media_type_invalid")


async def test_an_agent_and_another_tenant_import_nothing(shop: Shop, open_shop: OpenShop) -> None:
    other = await open_shop("Toko Lain")
    csv, kind = COFFEE.encode(), {"Content-Type": "text/csv"}
    async with shop.platform.caller(await shop.platform.key(str(shop.id))) as agent:
        assert (await agent.post(f"{shop.products}/import", content=csv, headers=kind)).status_code == 403
    assert (await other.http.post(f"{shop.products}/import", content=csv, headers=kind)).status_code == 404
    assert await shop.rows("SELECT 1 FROM products") == []


async def test_a_sku_that_appears_between_two_looks_is_rejected_alone(shop: Shop, open_shop: OpenShop) -> None:
    """Whoever offers the SKU while the import runs: one of the two has it, and no other line is lost."""
    csv = HEADER + "".join(f"Produk {at},,,1000,S{at},,,1\n" for at in range(300))
    body = {"name": "Lain", "base_price": 1, "variants": [{"sku": "S150"}]}
    report, answer = await asyncio.gather(send(shop, csv), shop.http.post(shop.products, json=body))
    lost = answer.status_code == 409
    assert report["created"] == (300 if lost else 299)
    assert [(bad["line"], bad["code"]) for bad in report["rejected"]] == ([] if lost else [(152, "sku_taken")])
    assert await shop.rows("SELECT count(*), count(DISTINCT sku_key) FROM product_variants") == [(300, 300)]


async def test_one_file_sent_by_two_at_once_is_imported_once(shop: Shop) -> None:
    csv = HEADER + "".join(f"Produk {at},,,1000,S{at},,,{at}\n" for at in range(BATCH_ROWS + 100))
    reports = await asyncio.gather(send(shop, csv), send(shop, csv))
    assert sum(one["created"] for one in reports) == sum(one["updated"] for one in reports) == BATCH_ROWS + 100
    assert await shop.rows("SELECT count(*) FROM products") == [(BATCH_ROWS + 100,)]
    assert await miscounted(shop) == []


async def test_a_file_that_breaks_off_keeps_what_came_and_is_completed_by_sending_it_again(shop: Shop) -> None:
    csv = HEADER + "".join(f"Produk {at},,,1000,S{at},,,1\n" for at in range(BATCH_ROWS * 3))
    half = len(csv) // 2

    async def torn() -> AsyncIterator[bytes]:
        yield csv[:half].encode()
        raise ConnectionResetError

    import_products = ImportProducts(CatalogueTransactions(shop.platform.database), SystemClock())
    with pytest.raises(ConnectionResetError):
        await import_products(Principal("o", Role.OWNER, shop.id), shop.id, rows_of(torn(), "IDR"))
    assert await shop.rows("SELECT count(*) FROM products") == [(BATCH_ROWS,)]
    assert await send(shop, csv) == {"created": BATCH_ROWS * 2, "updated": BATCH_ROWS, "rejected": []}


async def test_an_archived_product_that_is_imported_is_sold_again(shop: Shop) -> None:
    await send(shop, COFFEE)
    made = (await on_the_shelf(shop))["Teh Poci"]
    await shop.http.delete(f"{shop.products}/{made['id']}")
    assert (await send(shop, COFFEE))["updated"] == 3
    assert (await on_the_shelf(shop))["Teh Poci"]["id"] == made["id"]


async def test_a_file_may_be_larger_than_any_other_body(shop: Shop) -> None:
    csv = HEADER + "".join(f"Produk {at},{'kata ' * 3000},,1000,S{at},,,1\n" for at in range(200))
    assert len(csv) > 2 * 1024 * 1024
    assert (await send(shop, csv))["created"] == 200
    answer = await shop.http.post(shop.products, content=csv, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
