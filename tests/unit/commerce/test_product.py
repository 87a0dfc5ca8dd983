"""A product: what the shop says of it, and a shelf that is never emptier than nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.commerce.domain.errors import LastVariant, SkuTaken, StockTooLow, WrongField
from ai_platform.commerce.domain.product import Hand, Product, ProductChanges, VariantChanges
from ai_platform.commerce.domain.variant import MoveKind, VariantDraft
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.money import Money

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HAND = Hand("owner", MoveKind.ADJUSTED, "count")


def a_product(*skus: str, **more: Any) -> Product:
    given = {"name": "Kopi", "base_price": 1000, "currency": "IDR", "created_at": NOW, "updated_at": NOW, **more}
    product = Product(id=new_id(), tenant_id=new_id(), **given)
    for sku in skus:
        product.add(VariantDraft(sku=sku, stock=5), NOW, HAND)
    product.take_moves()
    return product


@given(st.lists(st.integers(-12, 12), max_size=30), st.integers(0, 5))
def test_the_shelf_holds_what_was_put_there_and_never_less_than_is_reserved(deltas: list[int], reserved: int) -> None:
    product = a_product("A")
    shelf = product.variants[0]
    shelf.reserved = reserved
    for delta in deltas:
        before = shelf.stock
        try:
            product.move_stock(shelf.id, delta, NOW, HAND)
        except StockTooLow:
            assert (before + delta < reserved, shelf.stock) == (True, before)
        assert reserved <= shelf.stock
    assert shelf.stock == 5 + sum(move.delta for move in product.take_moves())


def test_a_sku_is_had_once_within_a_product_in_any_case() -> None:
    product = a_product("A", "B")
    with pytest.raises(SkuTaken):
        product.add(VariantDraft(sku="a"), NOW, HAND)
    with pytest.raises(SkuTaken):
        product.change_variant(product.variants[1].id, VariantChanges(sku=" A "), NOW)
    product.change_variant(product.variants[0].id, VariantChanges(sku="a"), NOW)
    assert product.variants[0].sku == "a"


def test_what_costs_the_base_price_by_default_goes_on_doing_so() -> None:
    product = a_product("A", "B")
    product.change_variant(product.variants[1].id, VariantChanges(price=700), NOW)
    product.change(ProductChanges(base_price=Money(2000, "IDR")), NOW)
    assert [one.price for one in product.variants] == [2000, 700]
    with pytest.raises(WrongField):
        product.change(ProductChanges(base_price=Money(2000, "USD")), NOW)


def test_the_last_variant_stays() -> None:
    product = a_product("A", "B")
    product.change_variant(product.variants[0].id, VariantChanges(is_active=False), NOW)
    with pytest.raises(LastVariant):
        product.change_variant(product.variants[1].id, VariantChanges(is_active=False), NOW)


def test_moving_stock_says_nothing_new_of_the_product() -> None:
    product = a_product("A")
    product.take_change()
    product.move_stock(product.variants[0].id, 1, NOW, HAND)
    assert not product.take_change()
    product.archive(NOW)
    assert product.take_change()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 256},
        {"category": "x" * 101},
        {"images": ("ftp://example.com/a",)},
        {"images": ("https://",)},
        {"images": ("https://example.com/a b",)},
        {"images": ("https://example.com/",) * 21},
        {"description": "x" * 16_001},
    ],
)
def test_what_a_product_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WrongField):
        a_product(**wrong)
