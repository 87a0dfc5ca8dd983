"""Who gets what there is when several want it at the same moment: all lines of an order or none, first come first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.domain.order import Order
from ai_platform.commerce.domain.order_errors import OutOfStock, PriceChanged
from ai_platform.commerce.domain.order_line import OrderLine, ShortLine, price_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """What the shelf has of a variant and what it costs, under its lock, before any of these orders takes of it."""

    price: int
    available: int
    is_sold: bool


OnShelf = Mapping[UUID, Shelved]
"""By variant. What is missing is not sold here."""


def refusal_of(order: Order, shelf: OnShelf) -> OutOfStock | PriceChanged | None:
    """Why an order cannot be served, were it the only one; short lines before changed prices."""
    short = [ShortLine(line=line, available=_available(line, shelf)) for line in order.lines if _is_short(line, shelf)]
    if short:
        return OutOfStock(short)
    changes = price_changes(order.lines, {variant_id: one.price for variant_id, one in shelf.items()})
    return PriceChanged(changes, order.currency) if changes else None


def served(orders: Sequence[Order], shelf: OnShelf) -> Sequence[Order]:
    """Those that find their lines when each takes its own in turn. Who does not leaves all of it to the next."""
    left = {variant_id: one.available for variant_id, one in shelf.items()}
    found = []
    for order in orders:
        if refusal_of(order, shelf) is None and all(line.quantity <= left[line.variant_id] for line in order.lines):
            for line in order.lines:
                left[line.variant_id] -= line.quantity
            found.append(order)
    return found


def _available(line: OrderLine, shelf: OnShelf) -> int:
    one = shelf.get(line.variant_id)
    return one.available if one is not None and one.is_sold else 0


def _is_short(line: OrderLine, shelf: OnShelf) -> bool:
    return _available(line, shelf) < line.quantity
