"""A catalogue in memory, but for its search, which is the database's."""

from collections.abc import Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import ProductFilter
from ai_platform.commerce.domain.errors import SkuTaken
from ai_platform.commerce.domain.product import Product
from ai_platform.commerce.domain.variant import StockMove, Variant
from tests.unit.memory import FakeAnswers, Given, Memory


@dataclass
class CatalogueRows:
    products: dict[UUID, Product] = field(default_factory=dict)
    moves: list[StockMove] = field(default_factory=list)
    answers: Given = field(default_factory=dict)


class FakeCatalogueWork:
    """Implements `catalogue_ports.CatalogueWork`."""

    def __init__(self, rows: CatalogueRows, tenant_id: UUID) -> None:
        self.products = FakeProducts(rows, tenant_id)
        self.answers = FakeAnswers(rows.answers, tenant_id)
        self.lines = self

    async def queue_for_import(self) -> None:
        """One transaction at a time as it is."""


CatalogueMemory = Memory[CatalogueRows, FakeCatalogueWork]


def catalogue_memory() -> CatalogueMemory:
    return Memory(CatalogueRows(), FakeCatalogueWork)


@dataclass
class FakeProducts:
    """Implements `catalogue_ports.Products`."""

    rows: CatalogueRows
    tenant_id: UUID

    async def get(self, product_id: UUID) -> Product | None:
        product = self.rows.products.get(product_id)
        return deepcopy(product) if product is not None and product.tenant_id == self.tenant_id else None

    async def of(self, names: Collection[str], skus: Collection[str]) -> Sequence[Product]:
        wanted = {sku.lower() for sku in skus}
        found = [
            deepcopy(one)
            for one in self.rows.products.values()
            if one.tenant_id == self.tenant_id
            and (one.name in names or any(variant.sku.lower() in wanted for variant in one.variants))
        ]
        return sorted(found, key=lambda one: one.id)

    async def save(self, products: Sequence[Product]) -> None:
        for one in products:
            self.rows.moves += one.take_moves()
            one.version += one.take_change() and one.id in self.rows.products
            self.rows.products[one.id] = deepcopy(one)
        ours = [one for one in self.rows.products.values() if one.tenant_id == self.tenant_id]
        skus = [variant.sku.lower() for one in ours for variant in one.variants]
        if len(skus) != len(set(skus)):
            raise SkuTaken


@dataclass
class FakeShelves:
    """Implements `catalogue_ports.Shelves`."""

    memory: CatalogueMemory

    async def product(self, tenant_id: UUID, product_id: UUID) -> Product | None:
        return await FakeProducts(self.memory.rows, tenant_id).get(product_id)

    async def page(
        self, tenant_id: UUID, where: ProductFilter, *, before: UUID | None, limit: int
    ) -> Sequence[Product]:
        found = [
            deepcopy(one)
            for one in self.memory.rows.products.values()
            if one.tenant_id == tenant_id and _is_wanted(one, where) and (before is None or one.id < before)
        ]
        return sorted(found, key=lambda one: one.id, reverse=True)[:limit]


def _is_wanted(product: Product, where: ProductFilter) -> bool:
    if product.is_active != where.active or where.category not in (None, product.category):
        return False
    of_variants = (where.min_price, where.max_price, where.in_stock) != (None, None, None)
    return not of_variants or any(_fits(one, where) for one in product.offered)


def _fits(one: Variant, where: ProductFilter) -> bool:
    cheap = where.max_price is None or one.price <= where.max_price
    dear = where.min_price is None or one.price >= where.min_price
    return cheap and dear and where.in_stock in (None, one.available > 0)
