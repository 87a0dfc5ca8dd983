"""Something a shop sells, in at least one variant."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from ai_platform.commerce.domain.errors import LastVariant, SkuTaken, VariantNotFound, WrongField
from ai_platform.commerce.domain.variant import DEFAULT_VARIANT, Attributes, MoveKind, StockMove, Variant, VariantDraft
from ai_platform.kernel.aggregate import Aggregate
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.money import Money

PRODUCT_NAME_MAX: Final = 255
DESCRIPTION_MAX: Final = 16_000
CATEGORY_MAX: Final = 100
IMAGES_MAX: Final = 20
IMAGE_URL_MAX: Final = 2_048
VARIANTS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductChanges:
    """What is None stays as it is; an empty category is none."""

    name: str | None = None
    description: str | None = None
    category: str | None = None
    base_price: Money | None = None
    images: tuple[str, ...] | None = None
    is_active: bool | None = None

    def named(self) -> dict[str, object]:
        stated = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in stated.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantChanges:
    """What is None stays as it is."""

    sku: str | None = None
    name: str | None = None
    price: int | None = None
    attributes: Attributes | None = None
    is_active: bool | None = None

    def named(self) -> dict[str, object]:
        stated = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in stated.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Hand:
    """Who moves stock, how and why."""

    actor: str
    kind: MoveKind
    reason: str = ""


@dataclass(eq=False, kw_only=True)
class Product(Aggregate):
    """Its version counts what the shop says of it; the stock comes and goes without it."""

    id: UUID
    tenant_id: UUID
    name: str
    description: str = ""
    category: str | None = None
    base_price: int
    currency: str
    images: tuple[str, ...] = ()
    is_active: bool = True
    variants: list[Variant] = field(default_factory=list)
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def __post_init__(self) -> None:
        self.name = self.name.strip()
        self._check()

    @property
    def offered(self) -> Sequence[Variant]:
        """Those that are not archived."""
        return [one for one in self.variants if one.is_active]

    def change(self, changes: ProductChanges, at: datetime) -> None:
        """Raises WrongField. What costs the base price by default goes on doing so."""
        before, price = self.base_price, changes.base_price
        if price is not None and price.currency != self.currency:
            raise WrongField("base_price", msg=f"must be in {self.currency}, as the product is")
        for name, value in changes.named().items():
            setattr(self, name, value.amount if isinstance(value, Money) else value)
        self.name, self.category = self.name.strip(), (self.category or "").strip() or None
        self._check()
        for one in self.variants:
            if one.name == DEFAULT_VARIANT and one.price == before:
                one.price = self.base_price
        self._touch(at)

    def add(self, draft: VariantDraft, at: datetime, hand: Hand) -> Variant:
        """Raises SkuTaken, WrongField."""
        if len(self.variants) >= VARIANTS_MAX:
            raise WrongField("variants", msg=f"must be at most {VARIANTS_MAX}")
        sku = draft.sku.strip()
        self._refuse_twins(sku)
        made = Variant(
            id=new_id(),
            product_id=self.id,
            sku=sku,
            name=draft.name or (DEFAULT_VARIANT if not self.variants else sku),
            price=self.base_price if draft.price is None else draft.price,
            attributes=draft.attributes,
            position=1 + max((one.position for one in self.variants), default=-1),
        )
        self.variants.append(made)
        if draft.stock:
            self.move_stock(made.id, draft.stock, at, hand)
        self._touch(at)
        return made

    def change_variant(self, variant_id: UUID, changes: VariantChanges, at: datetime) -> Variant:
        """Raises VariantNotFound, SkuTaken, LastVariant, WrongField."""
        one = self.variant(variant_id)
        if changes.sku is not None:
            self._refuse_twins(changes.sku.strip(), but=one)
        for name, value in changes.named().items():
            setattr(one, name, value.strip() if isinstance(value, str) else value)
        one.check()
        if not self.offered:
            raise LastVariant
        self._touch(at)
        return one

    def move_stock(self, variant_id: UUID, delta: int, at: datetime, hand: Hand) -> Variant:
        """Raises VariantNotFound, StockTooLow."""
        one = self.variant(variant_id)
        one.moved(delta)
        move = StockMove(
            id=new_id(), variant_id=one.id, delta=delta, kind=hand.kind, reason=hand.reason, actor=hand.actor, at=at
        )
        self.__dict__.setdefault("_moves", []).append(move)
        return one

    def take_change(self) -> bool:
        """Whether something was said of it since the last call."""
        return bool(self.__dict__.pop("_is_changed", False))

    def take_moves(self) -> tuple[StockMove, ...]:
        """What moved since the last call."""
        return tuple(self.__dict__.pop("_moves", ()))

    def archive(self, at: datetime) -> None:
        """It is not found or sold any more; what was ordered of it stays as it was."""
        if self.is_active:
            self.is_active = False
            self._touch(at)

    def variant(self, variant_id: UUID) -> Variant:
        for one in self.variants:
            if one.id == variant_id:
                return one
        raise VariantNotFound(variant_id)

    def variant_of(self, sku: str) -> Variant | None:
        return next((one for one in self.variants if one.sku.lower() == sku.strip().lower()), None)

    def _refuse_twins(self, sku: str, but: Variant | None = None) -> None:
        if self.variant_of(sku) not in (None, but):
            raise SkuTaken(sku)

    def _touch(self, at: datetime) -> None:
        self.updated_at = at
        self.__dict__["_is_changed"] = True

    def _check(self) -> None:
        if not 1 <= len(self.name) <= PRODUCT_NAME_MAX:
            raise WrongField("name", msg=f"must have 1 to {PRODUCT_NAME_MAX} characters, not all blank")
        if len(self.description) > DESCRIPTION_MAX:
            raise WrongField("description", msg=f"must have at most {DESCRIPTION_MAX} characters")
        if len(self.category or "") > CATEGORY_MAX:
            raise WrongField("category", msg=f"must have at most {CATEGORY_MAX} characters")
        if len(self.images) > IMAGES_MAX:
            raise WrongField("images", msg=f"must be at most {IMAGES_MAX}")
        for index, url in enumerate(self.images):
            if len(url) > IMAGE_URL_MAX or not _is_web_address(url):
                raise WrongField("images", index, msg="must be an http or https URL")


def sku_for(product_id: UUID) -> str:
    """For the variant of a product that has no other."""
    return f"P-{product_id.hex[-10:].upper()}"


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and " " not in url
    except ValueError:
        return False
