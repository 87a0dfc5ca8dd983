"""Products: what nobody may say is refused and changes nothing."""

from typing import Any

import pytest

from tests.integration.commerce.conftest import Shop

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
