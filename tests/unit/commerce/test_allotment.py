"""Who gets what there is: all lines of an order or none, first come first served."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.commerce.domain.allotment import OnShelf, Shelved, refusal_of, served
from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import OutOfStock, PriceChanged
from ai_platform.commerce.domain.order_line import Offer
from tests.unit.commerce.orders import an_offer, an_order

GAYO, TORAJA = an_offer(sku="GAYO"), an_offer(sku="TORAJA")


def shelf(*there: tuple[Offer, int], price: int = 10_000, is_sold: bool = True) -> OnShelf:
    return {offer.variant_id: Shelved(price=price, available=available, is_sold=is_sold) for offer, available in there}


def test_who_comes_first_is_served_first() -> None:
    orders = [an_order((GAYO, 2)), an_order((GAYO, 2)), an_order((GAYO, 1))]
    assert served(orders, shelf((GAYO, 3))) == [orders[0], orders[2]]


def test_who_does_not_find_all_its_lines_leaves_all_of_them_to_the_next() -> None:
    orders = [an_order((GAYO, 1), (TORAJA, 2)), an_order((GAYO, 1))]
    assert served(orders, shelf((GAYO, 1), (TORAJA, 1))) == [orders[1]]


def test_what_the_others_take_is_no_reason_to_be_refused() -> None:
    orders = [an_order((GAYO, 1)), an_order((GAYO, 1))]
    assert [refusal_of(one, shelf((GAYO, 1))) for one in orders] == [None, None]


@pytest.mark.parametrize(
    "there", [{}, shelf((GAYO, 9), is_sold=False), shelf((GAYO, 1))], ids=["no", "archived", "few"]
)
def test_what_is_not_sold_or_not_there_is_out_of_stock(there: OnShelf) -> None:
    refusal = refusal_of(an_order((GAYO, 2)), there)
    assert isinstance(refusal, OutOfStock)
    assert served([an_order((GAYO, 2))], there) == []


def test_short_lines_come_before_changed_prices() -> None:
    order = an_order((GAYO, 2), (TORAJA, 1))
    dearer = shelf((GAYO, 2), (TORAJA, 1), price=12_000)
    assert isinstance(refusal_of(order, dearer), PriceChanged)
    assert isinstance(refusal_of(order, {**dearer, **shelf((GAYO, 1), price=12_000)}), OutOfStock)
    assert served([order], dearer) == []


SHELF = [an_offer(sku=f"S{number}") for number in range(3)]
WANTED = st.lists(
    st.dictionaries(st.integers(0, 2), st.integers(1, 4), min_size=1).map(
        lambda chosen: an_order(*((SHELF[which], quantity) for which, quantity in chosen.items()))
    ),
    max_size=8,
)


@given(orders=WANTED, stock=st.lists(st.integers(0, 6), min_size=3, max_size=3))
def test_nothing_is_given_twice_and_nobody_is_passed_over(orders: list[Order], stock: list[int]) -> None:
    there = shelf(*zip(SHELF, stock, strict=True))
    lucky, taken = served(orders, there), Counter[UUID]()
    for order in orders:
        fits = all(taken[line.variant_id] + line.quantity <= there[line.variant_id].available for line in order.lines)
        assert (order in lucky) == fits
        if fits:
            taken.update({line.variant_id: line.quantity for line in order.lines})
    assert all(taken[variant_id] <= one.available for variant_id, one in there.items())
    assert lucky or all(refusal_of(order, there) is not None for order in orders)
