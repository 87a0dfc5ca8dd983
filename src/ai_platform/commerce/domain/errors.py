"""The refusals of the catalogue."""

from uuid import UUID

from ai_platform.kernel.errors import Conflict, InvalidInput, NotFound, Violation


class ProductNotFound(NotFound):
    code = "product_not_found"

    def __init__(self, product_id: UUID) -> None:
        super().__init__(f"There is no product {product_id}.")


class VariantNotFound(NotFound):
    code = "variant_not_found"

    def __init__(self, variant_id: UUID) -> None:
        super().__init__(f"This product has no variant {variant_id}.")


class SkuTaken(Conflict):
    code = "sku_taken"

    def __init__(self, sku: str = "") -> None:
        super().__init__(f"Another variant has the SKU {sku}." if sku else "Another variant has this SKU.")


class StockTooLow(Conflict):
    """What is on the shelf is never less than nothing, and never less than what is reserved for orders."""

    code = "stock_too_low"

    def __init__(self, sku: str, stock: int, reserved: int) -> None:
        super().__init__(f"{sku} has {stock} in stock, of which {reserved} are reserved for orders.")


class LastVariant(Conflict):
    code = "last_variant"

    def __init__(self) -> None:
        super().__init__("A product keeps at least one variant; archive the product instead.")


class WrongField(InvalidInput):
    """One field of a product is not what it can be."""

    def __init__(self, *loc: str | int, msg: str, kind: str = "invalid_value") -> None:
        where = ".".join(str(part) for part in loc)
        super().__init__(f"{where}: {msg}", violations=(Violation(loc, msg, kind),))
