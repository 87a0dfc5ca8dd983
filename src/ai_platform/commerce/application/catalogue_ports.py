"""What the catalogue asks of the world."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from ai_platform.commerce.domain.product import Product
from ai_platform.kernel.once import Answers


class Products(Protocol):
    """The products of one tenant, in one transaction."""

    async def get(self, product_id: UUID) -> Product | None:
        """Kept from others until the transaction is left."""

    async def of(self, names: Collection[str], skus: Collection[str]) -> Sequence[Product]:
        """Those with one of these names or with a variant of one of these SKUs, oldest first; kept from others."""

    async def save(self, products: Sequence[Product]) -> None:
        """As they are now, with what moved and the words they are found by. Raises SkuTaken."""


class Lines(Protocol):
    """Who wants to do a thing that one at a time may do."""

    async def queue_for_import(self) -> None:
        """Returns when no other import of this tenant writes; the next waits until the transaction is left."""


class CatalogueWork(Protocol):
    """One tenant's transaction over its catalogue."""

    @property
    def products(self) -> Products: ...

    @property
    def answers(self) -> Answers: ...

    @property
    def lines(self) -> Lines: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """Prices in minor units, both ends included; they and the stock are of a variant that is offered."""

    category: str | None = None
    min_price: int | None = None
    max_price: int | None = None
    in_stock: bool | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Each word of a question, as whatever it may have been meant to be, with how far that is from what was said."""

    words: tuple[tuple[tuple[str, int], ...], ...]
    in_name: bool
    any_word: bool = False


class Shelves(Protocol):
    """One tenant's products, to be read."""

    async def product(self, tenant_id: UUID, product_id: UUID) -> Product | None: ...

    async def page(
        self, tenant_id: UUID, where: ProductFilter, *, before: UUID | None, limit: int
    ) -> Sequence[Product]:
        """Newest first."""


class Index(Protocol):
    """What one tenant's catalogue is searched by, in one transaction."""

    async def by_sku(self, sku: str, where: ProductFilter) -> Sequence[UUID]:
        """With a variant of exactly this SKU, in any case; of a code, then those whose SKU begins with it."""

    async def near(self, words: Collection[str]) -> Collection[str]:
        """Words of the catalogue that one of these may be a misspelling or the beginning of."""

    async def found(self, wanted: Wanted, where: ProductFilter, *, most: int) -> Sequence[tuple[UUID, str]]:
        """Products with these words, and the words of their names."""

    async def products(self, product_ids: Sequence[UUID]) -> Sequence[Product]:
        """In the order of the ids; those that are not there are left out."""
