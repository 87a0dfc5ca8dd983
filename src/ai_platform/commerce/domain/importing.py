"""What one line of an imported catalogue says, and what it does to a product."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from ai_platform.commerce.domain.errors import SkuTaken, StockTooLow, WrongField
from ai_platform.commerce.domain.product import VARIANTS_MAX, Hand, Product, ProductChanges, VariantChanges, sku_for
from ai_platform.commerce.domain.variant import DEFAULT_VARIANT, Attributes, Variant, VariantDraft
from ai_platform.kernel.errors import PlatformError
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """None: the cell is empty, and what is known stays as it is. `stock` is what was counted."""

    line: int
    name: str
    description: str | None = None
    category: str | None = None
    base_price: Money | None = None
    sku: str | None = None
    variant_name: str | None = None
    price: Money | None = None
    stock: int | None = None
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that changed nothing, and why."""

    line: int
    code: str
    message: str

    @classmethod
    def of(cls, line: int, error: PlatformError) -> Self:
        """Of a wrong cell, the code names its column: `price_invalid`, `name_missing`."""
        code = error.stable_code
        if isinstance(error, WrongField) and (wrong := error.violations[0]).loc:
            code = f"{wrong.loc[0]}_{'missing' if wrong.type == 'missing' else 'invalid'}"
        return cls(line, code, error.detail)


def product_from(row: ImportRow, tenant_id: UUID, at: datetime) -> Product:
    """A product that the shop did not have. Raises WrongField."""
    price = row.base_price or row.price
    if price is None:
        raise WrongField("base_price", msg="is needed for a new product, or price", kind="missing")
    return Product(
        id=new_id(),
        tenant_id=tenant_id,
        name=row.name,
        description=row.description or "",
        category=row.category,
        base_price=price.amount,
        currency=price.currency,
        created_at=at,
        updated_at=at,
    )


def place(row: ImportRow, product: Product, at: datetime, hand: Hand) -> bool:
    """Whether the line's variant is new. What is refused is refused before anything is changed.

    Raises StockTooLow, SkuTaken, WrongField.
    """
    variant = _variant_of(row, product)
    _refuse(row, product, variant)
    _describe(row, product, at)
    if variant is None:
        _add(row, product, at, hand)
        return True
    _update(row, product, variant, at, hand)
    return False


def _variant_of(row: ImportRow, product: Product) -> Variant | None:
    """By its SKU; a line without one means the variant of that name."""
    if row.sku is not None:
        return product.variant_of(row.sku)
    wanted = (row.variant_name or DEFAULT_VARIANT).lower()
    return next((one for one in product.variants if one.name.lower() == wanted), None)


def _refuse(row: ImportRow, product: Product, variant: Variant | None) -> None:
    if any(price is not None and price.currency != product.currency for price in (row.base_price, row.price)):
        raise WrongField("price", msg=f"must be in {product.currency}, as the product is")
    if variant is None and len(product.variants) >= VARIANTS_MAX:
        raise WrongField("sku", msg=f"is one more than the {VARIANTS_MAX} variants that a product can have")
    if variant is not None and row.stock is not None and row.stock < variant.reserved:
        raise StockTooLow(variant.sku, variant.stock, variant.reserved)


def _describe(row: ImportRow, product: Product, at: datetime) -> None:
    changes = ProductChanges(
        description=_new(row.description, product.description),
        category=_new(row.category, product.category),
        base_price=None if row.base_price is None or row.base_price.amount == product.base_price else row.base_price,
        is_active=None if product.is_active else True,
    )
    if changes.named():
        product.change(changes, at)


def _add(row: ImportRow, product: Product, at: datetime, hand: Hand) -> None:
    sku = row.sku or _unused_sku(product)
    price = None if row.price is None else row.price.amount
    draft = VariantDraft(sku=sku, name=row.variant_name, price=price, stock=row.stock, attributes=row.attributes)
    product.add(draft, at, hand)


def _update(row: ImportRow, product: Product, variant: Variant, at: datetime, hand: Hand) -> None:
    attributes = {**variant.attributes, **row.attributes}
    changes = VariantChanges(
        sku=_new(row.sku, variant.sku),
        name=_new(row.variant_name, variant.name),
        price=None if row.price is None or row.price.amount == variant.price else row.price.amount,
        attributes=None if attributes == variant.attributes else attributes,
        is_active=None if variant.is_active else True,
    )
    if changes.named():
        product.change_variant(variant.id, changes, at)
    if row.stock is not None and row.stock != variant.stock:
        product.move_stock(variant.id, row.stock - variant.stock, at, hand)


def _unused_sku(product: Product) -> str:
    plain = sku_for(product.id)
    return plain if product.variant_of(plain) is None else f"{plain}-{len(product.variants) + 1}"


def _new(said: str | None, known: str | None) -> str | None:
    return None if said == known else said


def refuse_other_owner(row: ImportRow, owner: Product | None) -> None:
    """A SKU stays with its product: a line that gives it another name is a slip. Raises SkuTaken."""
    if owner is not None and owner.name != row.name:
        raise SkuTaken(row.sku or "")
