"""One line of an order: what was chosen, and what it was called and cost when it was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from ai_platform.kernel.errors import InvalidInput, Violation

QUANTITY_MAX: Final = 999
LINE_NAME_MAX: Final = 520
"""A product's name and a variant's."""


class InvalidQuantity(InvalidInput):
    code = "invalid_quantity"

    def __init__(self, quantity: int) -> None:
        what = f"must be 1 to {QUANTITY_MAX}, not {quantity}"
        super().__init__(f"The quantity {what}.", violations=(Violation(("quantity",), what, self.code),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A variant as the shop offers it now; `price` in minor units. Not `is_sold`: it, or its product, is archived."""

    product_id: UUID
    variant_id: UUID
    sku: str
    name: str
    price: int
    currency: str
    is_sold: bool
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """`unit_price` in minor units of the order's currency, as of when the line was last agreed on."""

    id: UUID
    product_id: UUID
    variant_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: int

    @classmethod
    def of(cls, offer: Offer, line_id: UUID, quantity: int) -> Self:
        return cls(
            id=line_id,
            product_id=offer.product_id,
            variant_id=offer.variant_id,
            sku=offer.sku,
            name=offer.name,
            quantity=quantity,
            unit_price=offer.price,
        )

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= QUANTITY_MAX:
            raise InvalidQuantity(self.quantity)

    @property
    def subtotal(self) -> int:
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """What a line was agreed at, and what its variant costs now."""

    line: OrderLine
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortLine:
    """A line of which there is not enough. Nothing is `available` of what is not sold any more."""

    line: OrderLine
    available: int


def price_changes(lines: Sequence[OrderLine], prices: Mapping[UUID, int]) -> tuple[PriceChange, ...]:
    """The lines whose variant, by `prices`, costs something else now."""
    return tuple(
        PriceChange(line=line, new=prices[line.variant_id])
        for line in lines
        if prices.get(line.variant_id, line.unit_price) != line.unit_price
    )
