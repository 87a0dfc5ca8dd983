"""An order's own rules."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.order import LINES_MAX, Order
from ai_platform.commerce.domain.order_changes import OrderChanges
from ai_platform.commerce.domain.order_errors import (
    CurrencyDiffers,
    InvalidOrderStep,
    LineNotFound,
    OrderEmpty,
    OrderNotEditable,
    OrderTooLarge,
    PaymentUnderWay,
)
from ai_platform.commerce.domain.order_events import OrderCancelled, OrderConfirmed, OrderCreated
from ai_platform.commerce.domain.order_line import InvalidQuantity
from ai_platform.commerce.domain.order_money import begin_payment
from ai_platform.commerce.domain.order_number import new_number
from ai_platform.commerce.domain.order_status import STEPS, OrderStatus
from ai_platform.kernel.errors import InvalidInput
from ai_platform.kernel.ids import new_id
from tests.unit.commerce.orders import LATER, NOW, a_confirmed_order, an_offer, an_order


def test_the_total_is_the_lines_and_the_shipping() -> None:
    order = an_order((an_offer(price=10_000), 3), (an_offer(price=500), 2))
    order.change(OrderChanges({"shipping_cost": 9_000}), at=NOW)
    assert (order.subtotal, order.total) == (31_000, 40_000)


def test_the_same_variant_again_is_one_line_with_the_sum_at_todays_price() -> None:
    offer = an_offer(price=10_000)
    order = an_order((offer, 2))
    line_id = order.lines[0].id
    order.add(new_id(), an_offer(variant_id=offer.variant_id, price=12_000, name="Kopi Gayo Baru"), 3, at=NOW)
    [line] = order.lines
    assert (line.id, line.quantity, line.unit_price, line.name) == (line_id, 5, 12_000, "Kopi Gayo Baru")


@pytest.mark.parametrize("quantity", [-1, 0, 1_000])
def test_a_line_has_1_to_999(quantity: int) -> None:
    with pytest.raises(InvalidQuantity):
        an_order((an_offer(), quantity))


def test_an_order_is_in_one_currency() -> None:
    with pytest.raises(CurrencyDiffers):
        an_order((an_offer(currency="USD"), 1))


def test_an_order_has_limits() -> None:
    with pytest.raises(OrderTooLarge):
        an_order((an_offer(price=10**12), 1), (an_offer(price=1), 1))
    with pytest.raises(OrderTooLarge):
        an_order(*((an_offer(), 1) for _ in range(LINES_MAX + 1)))
    with pytest.raises(InvalidInput):
        Address(street="x" * 501)


def test_a_line_that_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(LineNotFound):
        an_order((an_offer(), 1)).remove(new_id(), at=NOW)


def test_an_empty_order_is_not_confirmed() -> None:
    with pytest.raises(OrderEmpty):
        an_order().confirm(at=NOW, expires_at=LATER)


def test_lines_and_cost_change_only_while_it_is_pending() -> None:
    order = a_confirmed_order()
    for change in (
        lambda: order.add(new_id(), an_offer(), 1, at=NOW),
        lambda: order.remove(order.lines[0].id, at=NOW),
        lambda: order.reprice({}, at=NOW),
        lambda: order.change(OrderChanges({"shipping_cost": 1}), at=NOW),
    ):
        with pytest.raises(OrderNotEditable):
            change()


def test_the_address_changes_until_it_is_sent_and_the_notes_always() -> None:
    order = a_confirmed_order()
    order.start(at=NOW)
    order.change(OrderChanges({"shipping_address": Address(city="Medan")}), at=NOW)
    order.ship(at=NOW)
    order.change(OrderChanges({"notes": "left at the neighbour's"}), at=NOW)
    with pytest.raises(OrderNotEditable):
        order.change(OrderChanges({"shipping_address": None}), at=NOW)


def test_a_change_that_changes_nothing_is_none() -> None:
    order = an_order()
    order.take_events()
    order.change(OrderChanges({"notes": None, "shipping_cost": 0}), at=LATER)
    assert (order.take_events(), order.updated_at) == ((), NOW)


def _at(status: OrderStatus) -> Order:
    order = an_order((an_offer(), 1))
    if status is OrderStatus.CANCELLED:
        order.cancel("", at=NOW)
        return order
    way = [OrderStatus.CONFIRMED, OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED]
    for step in way[: way.index(status) + 1] if status in way else []:
        _take(order, step)
    return order


def _take(order: Order, step: OrderStatus) -> None:
    match step:
        case OrderStatus.CONFIRMED:
            order.confirm(at=NOW, expires_at=LATER)
        case OrderStatus.PROCESSING:
            order.start(at=NOW)
        case OrderStatus.SHIPPED:
            order.ship(at=NOW)
        case OrderStatus.DELIVERED:
            order.deliver(at=NOW)
        case _:
            order.cancel("", at=NOW)


@pytest.mark.parametrize("step", [one for one in OrderStatus if one is not OrderStatus.PENDING])
@pytest.mark.parametrize("status", OrderStatus)
def test_the_steps_are_these_and_no_others(status: OrderStatus, step: OrderStatus) -> None:
    order = _at(status)
    if step in STEPS[status]:
        _take(order, step)
        assert order.status is step
    else:
        with pytest.raises(InvalidOrderStep) as refused:
            _take(order, step)
        assert refused.value.facts == {"allowed": [one.value for one in STEPS[status]]}


def test_it_expires_when_its_time_is_over_and_not_before() -> None:
    order = a_confirmed_order()
    assert not order.expire(at=LATER - timedelta(seconds=1))
    assert order.expire(at=LATER)
    assert not order.expire(at=LATER)
    event = order.take_events()[-1]
    assert isinstance(event, OrderCancelled)
    assert (event.expired, event.reason) == (True, "expired")


def test_a_payment_under_way_keeps_it_from_ending() -> None:
    order = a_confirmed_order()
    begin_payment(order, new_id(), at=NOW)
    with pytest.raises(PaymentUnderWay):
        order.cancel("no", at=NOW)
    with pytest.raises(PaymentUnderWay):
        order.expire(at=LATER)


def test_expiry_is_only_ever_put_off() -> None:
    order = a_confirmed_order()
    order.postpone_expiry(NOW, at=NOW)
    assert order.expires_at == LATER
    order.postpone_expiry(LATER + timedelta(minutes=5), at=NOW)
    assert order.expires_at == LATER + timedelta(minutes=5)


def test_what_happened_is_told_with_what_it_comes_to() -> None:
    order = an_order((an_offer(price=7_000), 2))
    order.confirm(at=NOW, expires_at=LATER)
    created, confirmed = order.take_events()
    assert isinstance(created, OrderCreated)
    assert isinstance(confirmed, OrderConfirmed)
    assert (confirmed.total, confirmed.currency, confirmed.status) == (14_000, "IDR", "CONFIRMED")
    assert confirmed.expires_at == LATER


def test_numbers_are_readable_and_differ() -> None:
    numbers = {new_number(NOW) for _ in range(1_000)}
    assert len(numbers) > 995
    assert all(one.startswith("ORD-260301-") and len(one) == 17 for one in numbers)


_PRICES = st.integers(0, 10**9)
_ITEMS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 300), _PRICES), max_size=12)


@given(_ITEMS, st.integers(0, 10**9), st.sets(st.integers(0, 4)))
def test_whatever_is_put_in_and_taken_out_the_sums_agree(
    items: list[tuple[int, int, int]], shipping: int, taken: set[int]
) -> None:
    """Against a plain account: quantities add up, the newest price counts, a refused step changes nothing."""
    offers = [an_offer() for _ in range(5)]
    order, account = an_order(), dict[int, tuple[int, int]]()
    order.change(OrderChanges({"shipping_cost": shipping}), at=NOW)
    for which, quantity, price in items:
        total = account.get(which, (0, 0))[0] + quantity
        before = order.lines
        try:
            order.add(new_id(), an_offer(variant_id=offers[which].variant_id, price=price), quantity, at=NOW)
            account[which] = (total, price)
        except (InvalidQuantity, OrderTooLarge):
            assert order.lines == before
    for which in taken:
        for line in [one for one in order.lines if one.variant_id == offers[which].variant_id]:
            order.remove(line.id, at=NOW)
            del account[which]
    assert order.total == sum(quantity * price for quantity, price in account.values()) + shipping
    assert all(1 <= line.quantity <= 999 for line in order.lines)
    assert order.total <= 10**12
    assert len({line.variant_id for line in order.lines}) == len(order.lines)
