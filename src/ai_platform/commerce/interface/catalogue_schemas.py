"""Products as JSON."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ai_platform.commerce.application.create_product import ProductDraft
from ai_platform.commerce.domain.errors import WrongField
from ai_platform.commerce.domain.product import (
    CATEGORY_MAX,
    DESCRIPTION_MAX,
    IMAGE_URL_MAX,
    IMAGES_MAX,
    PRODUCT_NAME_MAX,
    VARIANTS_MAX,
    Product,
    ProductChanges,
    VariantChanges,
)
from ai_platform.commerce.domain.variant import (
    ATTRIBUTE_MAX,
    ATTRIBUTE_NAME_MAX,
    ATTRIBUTES_MAX,
    REASON_MAX,
    SKU_MAX,
    STOCK_MAX,
    VARIANT_NAME_MAX,
    Attribute,
    Variant,
    VariantDraft,
)
from ai_platform.kernel.money import Money
from ai_platform.runtime.fields import SaidText, StoredText, StrictBody
from ai_platform.runtime.money_fields import MoneySaid, MoneyShown

ProductName = Annotated[SaidText, Field(min_length=1, max_length=PRODUCT_NAME_MAX)]
Description = Annotated[StoredText, Field(max_length=DESCRIPTION_MAX)]
Category = Annotated[StoredText, Field(max_length=CATEGORY_MAX)]
Images = Annotated[list[Annotated[StoredText, Field(max_length=IMAGE_URL_MAX)]], Field(max_length=IMAGES_MAX)]
Sku = Annotated[SaidText, Field(min_length=1, max_length=SKU_MAX)]
VariantName = Annotated[SaidText, Field(min_length=1, max_length=VARIANT_NAME_MAX)]
Stock = Annotated[int, Field(ge=0, le=STOCK_MAX, strict=True)]
AttributeValue = (
    Annotated[StoredText, Field(max_length=ATTRIBUTE_MAX, strict=True)]
    | Annotated[bool, Field(strict=True)]
    | Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
)
Attributes = Annotated[
    dict[Annotated[SaidText, Field(max_length=ATTRIBUTE_NAME_MAX)], AttributeValue], Field(max_length=ATTRIBUTES_MAX)
]

VARIANT_EXAMPLE: dict[str, Any] = {
    "sku": "GAYO-250", "name": "250 g", "price": "85000", "stock": 40, "attributes": {"roast": "medium"}
}  # fmt: skip
EXAMPLE: dict[str, Any] = {
    "name": "Kopi Gayo",
    "description": "Arabika from the Gayo highlands.",
    "category": "Kopi",
    "base_price": "85000",
    "variants": [VARIANT_EXAMPLE],
    "images": ["https://example.com/kopi-gayo.jpg"],
}


class VariantBody(StrictBody):
    """Without a price it costs the base price."""

    model_config = ConfigDict(json_schema_extra={"examples": [VARIANT_EXAMPLE]})

    sku: Sku
    name: VariantName | None = None
    price: MoneySaid | None = None
    stock: Stock = 0
    attributes: Attributes = Field(default_factory=dict)

    def draft(self, currency: str, *loc: str | int) -> VariantDraft:
        price = None if self.price is None else self.price.within(currency, *loc, "price").amount
        return VariantDraft(
            sku=self.sku, name=self.name, price=price, stock=self.stock, attributes=dict(self.attributes)
        )


class ProductBody(StrictBody):
    """Without variants it gets one, called `default`; without a base price, it is that of its cheapest variant."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: ProductName
    description: Description = ""
    category: Category | None = None
    base_price: MoneySaid | None = None
    images: Images = Field(default_factory=list)
    variants: list[VariantBody] = Field(default_factory=list, max_length=VARIANTS_MAX)

    def drafts(self, currency: str) -> list[VariantDraft]:
        return [one.draft(currency, "variants", index) for index, one in enumerate(self.variants)]

    def price(self, currency: str) -> Money:
        if self.base_price is not None:
            return self.base_price.within(currency, "base_price")
        prices = [
            one.price.within(currency, "variants", at, "price") for at, one in enumerate(self.variants) if one.price
        ]
        if not prices or len(prices) < len(self.variants):
            raise WrongField("base_price", msg="is needed unless every variant has a price", kind="missing")
        return min(prices, key=lambda one: one.amount)

    def draft(self, currency: str) -> ProductDraft:
        return ProductDraft(
            name=self.name,
            description=self.description,
            category=self.category,
            base_price=self.price(currency),
            images=tuple(self.images),
            variants=self.drafts(currency),
        )

    def changes(self, currency: str) -> ProductChanges:
        return ProductChanges(
            name=self.name,
            description=self.description,
            category=self.category or "",
            base_price=self.price(currency),
            images=tuple(self.images),
        )


class ProductPatch(StrictBody):
    """What is not named stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"base_price": "90000"}]})

    name: ProductName | None = None
    description: Description | None = None
    category: Category | None = None
    base_price: MoneySaid | None = None
    images: Images | None = None
    is_active: bool | None = Field(None, strict=True)

    def changes(self, currency: str) -> ProductChanges:
        named = "category" in self.model_fields_set
        return ProductChanges(
            name=self.name,
            description=self.description,
            category=(self.category or "") if named else None,
            base_price=None if self.base_price is None else self.base_price.within(currency, "base_price"),
            images=None if self.images is None else tuple(self.images),
            is_active=self.is_active,
        )


class VariantPatch(StrictBody):
    """What is not named stays as it is. The stock moves by itself: see `…/stock`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"price": "90000"}]})

    sku: Sku | None = None
    name: VariantName | None = None
    price: MoneySaid | None = None
    attributes: Attributes | None = None
    is_active: bool | None = Field(None, strict=True)

    def changes(self, currency: str) -> VariantChanges:
        return VariantChanges(
            sku=self.sku,
            name=self.name,
            price=None if self.price is None else self.price.within(currency, "price").amount,
            attributes=self.attributes,
            is_active=self.is_active,
        )


class StockBody(StrictBody):
    """How much comes (or, negative, goes), and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"delta": 5, "reason": "delivery"}]})

    delta: int = Field(ge=-STOCK_MAX, le=STOCK_MAX, strict=True)
    reason: Annotated[StoredText, Field(max_length=REASON_MAX)] = ""


class VariantResource(BaseModel):
    """`available` is what can be sold: the stock without what is reserved for orders."""

    id: UUID
    product_id: UUID
    sku: str
    name: str
    price: MoneyShown
    stock: int
    reserved: int
    available: int
    attributes: dict[str, Attribute]
    is_active: bool

    @classmethod
    def of(cls, one: Variant, currency: str) -> Self:
        plain = {name: getattr(one, name) for name in cls.model_fields if name != "price"}
        return cls(**plain, price=MoneyShown.of(one.price, currency))

    @classmethod
    def placed(cls, placed: tuple[Product, Variant]) -> dict[str, object]:
        """As JSON."""
        return cls.of(placed[1], placed[0].currency).model_dump(mode="json")


class ProductResource(BaseModel):
    id: UUID
    tenant_id: UUID
    name: str
    description: str
    category: str | None
    base_price: MoneyShown
    currency: str
    is_active: bool
    variants: list[VariantResource]
    images: list[str]
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, one: Product) -> Self:
        special = ("base_price", "variants", "images")
        plain = {name: getattr(one, name) for name in cls.model_fields if name not in special}
        return cls(
            **plain,
            base_price=MoneyShown.of(one.base_price, one.currency),
            variants=[VariantResource.of(variant, one.currency) for variant in one.offered],
            images=list(one.images),
        )

    @classmethod
    def worded(cls, one: Product) -> dict[str, object]:
        """As JSON."""
        return cls.of(one).model_dump(mode="json")


class ProductPage(BaseModel):
    items: list[ProductResource]
    next_cursor: str | None
