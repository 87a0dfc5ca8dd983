"""One kind of a product that can be bought, with a price and a shelf of its own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from ai_platform.commerce.domain.errors import StockTooLow, WrongField

SKU_MAX: Final = 100
VARIANT_NAME_MAX: Final = 255
STOCK_MAX: Final = 1_000_000_000
REASON_MAX: Final = 500
ATTRIBUTES_MAX: Final = 50
ATTRIBUTE_NAME_MAX: Final = 100
ATTRIBUTE_MAX: Final = 500
DEFAULT_VARIANT: Final = "default"

Attribute = str | int | float | bool
Attributes = Mapping[str, Attribute]


class MoveKind(StrEnum):
    INITIAL = "initial"
    ADJUSTED = "adjusted"
    IMPORTED = "imported"
    SOLD = "sold"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockMove:
    """Why the stock of a variant changed. The stock is the sum of its moves."""

    id: UUID
    variant_id: UUID
    delta: int
    kind: MoveKind
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantDraft:
    """A variant to be. Without a price it costs the product's base price."""

    sku: str
    name: str | None = None
    price: int | None = None
    stock: int | None = None
    attributes: Attributes = field(default_factory=dict)


@dataclass(eq=False, kw_only=True)
class Variant:
    """`price` in minor units. Of the `stock`, `reserved` are promised to confirmed orders."""

    id: UUID
    product_id: UUID
    sku: str
    name: str
    price: int
    stock: int = 0
    reserved: int = 0
    attributes: Attributes = field(default_factory=dict)
    is_active: bool = True
    position: int = 0

    def __post_init__(self) -> None:
        self.check()

    @property
    def available(self) -> int:
        return self.stock - self.reserved

    def moved(self, delta: int) -> None:
        """Raises StockTooLow, WrongField."""
        if self.stock + delta < self.reserved:
            raise StockTooLow(self.sku, self.stock, self.reserved)
        if self.stock + delta > STOCK_MAX:
            raise WrongField("stock", msg=f"must be at most {STOCK_MAX}")
        self.stock += delta

    def check(self) -> None:
        if not 1 <= len(self.sku.strip()) <= SKU_MAX or self.sku != self.sku.strip() or not self.sku.isprintable():
            raise WrongField("sku", msg=f"must be 1 to {SKU_MAX} printable characters, without spaces around them")
        if not 1 <= len(self.name.strip()) <= VARIANT_NAME_MAX:
            raise WrongField("name", msg=f"must have 1 to {VARIANT_NAME_MAX} characters, not all blank")
        _check_attributes(self.attributes)


def _check_attributes(attributes: Attributes) -> None:
    if len(attributes) > ATTRIBUTES_MAX:
        raise WrongField("attributes", msg=f"must be at most {ATTRIBUTES_MAX}")
    for name, value in attributes.items():
        if not 1 <= len(name.strip()) <= ATTRIBUTE_NAME_MAX:
            raise WrongField("attributes", name[:50], msg=f"must have a name of 1 to {ATTRIBUTE_NAME_MAX} characters")
        if len(str(value)) > ATTRIBUTE_MAX or (isinstance(value, float) and not math.isfinite(value)):
            raise WrongField("attributes", name, msg=f"must be finite and have at most {ATTRIBUTE_MAX} characters")
