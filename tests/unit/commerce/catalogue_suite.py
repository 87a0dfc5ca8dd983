"""What the use cases of the catalogue do, on whatever keeps its rows: the fakes and PostgreSQL pass the same suite."""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import pytest

from ai_platform.commerce.application.archive_product import ArchiveProduct
from ai_platform.commerce.application.browse_products import GetProduct, ListProducts
from ai_platform.commerce.application.catalogue_ports import CatalogueWork, ProductFilter, Shelves
from ai_platform.commerce.application.change_product import ChangeProduct
from ai_platform.commerce.application.create_product import CreateProduct, ProductDraft
from ai_platform.commerce.application.move_stock import MoveStock
from ai_platform.commerce.application.variants import AddVariant, ChangeVariant, Placed
from ai_platform.commerce.domain.errors import ProductNotFound, SkuTaken, StockTooLow, VariantNotFound
from ai_platform.commerce.domain.product import Product, ProductChanges, VariantChanges
from ai_platform.commerce.domain.variant import VariantDraft
from ai_platform.kernel.access import RoleTooLow
from ai_platform.kernel.clock import SystemClock
from ai_platform.kernel.errors import PreconditionFailed
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.money import Money
from ai_platform.kernel.once import Asking, Once
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role
from ai_platform.kernel.transactions import Transactions
from tests.unit.memory import OneTenant

OWNER = Principal("owner", Role.OWNER, DEFAULT_TENANT)
AGENT = Principal("agent", Role.AGENT, DEFAULT_TENANT)
KILO = VariantDraft(sku="GAYO-1000", name="1 kg", price=300_000, stock=3, attributes={"roast": "dark"})
SMALL = VariantDraft(sku="GAYO-250", name="250 g", stock=10)


class Store(Protocol):
    """The default tenant's catalogue, wherever it is."""

    @property
    def transactions(self) -> Transactions[CatalogueWork]: ...

    @property
    def shelves(self) -> Shelves: ...

    async def moves(self, variant_id: UUID) -> list[tuple[str, int, str, str]]:
        """Kind, how much, reason and actor of all that moved, in order."""


@dataclass
class Office:
    """The use cases over one store."""

    store: Store

    def __post_init__(self) -> None:
        parts: Any = (self.store.transactions, SystemClock())
        self.create = CreateProduct(transactions=self.store.transactions, clock=SystemClock())
        self.change, self.archive = ChangeProduct(*parts), ArchiveProduct(*parts)
        self.add_variant, self.change_variant, self.move = AddVariant(*parts), ChangeVariant(*parts), MoveStock(*parts)
        self.get = GetProduct(self.store.shelves, OneTenant())
        self.list_ = ListProducts(self.store.shelves, OneTenant())

    async def offer(
        self, *variants: VariantDraft, name: str = "Kopi Gayo", once: Once | None = None, **more: Any
    ) -> Product:
        draft = ProductDraft(name=name, base_price=Money(85_000, "IDR"), variants=variants, **more)
        answer = await self.create(OWNER, DEFAULT_TENANT, draft, Asking(lambda made: {"id": str(made.id)}, once))
        return await self.seen(UUID(str(answer.body["id"])))

    async def seen(self, product_id: UUID) -> Product:
        return await self.get(AGENT, DEFAULT_TENANT, product_id)

    async def listed(self, **where: Any) -> list[str]:
        found, more = await self.list_(AGENT, DEFAULT_TENANT, ProductFilter(**where), before=None, limit=50)
        assert not more
        return sorted(one.name for one in found)

    async def moved(self, product: Product, variant_id: UUID, delta: int, once: Once | None = None) -> None:
        asking: Asking[Placed] = Asking(lambda placed: {"stock": placed[1].stock}, once)
        await self.move(
            OWNER, DEFAULT_TENANT, product.id, variant_id, delta=delta, reason=" counted ", asking=asking
        )  # fmt: skip


class CatalogueSuite:
    @pytest.fixture
    def office(self, store: Store) -> Office:
        return Office(store)

    async def test_a_product_is_read_as_it_was_described(self, office: Office, store: Store) -> None:
        pictures = ("https://example.com/gayo.jpg",)
        product = await office.offer(KILO, SMALL, description="Arabika", category="Kopi", images=pictures)
        assert (product.description, product.category, product.images) == ("Arabika", "Kopi", pictures)
        assert (product.base_price, product.currency, product.version) == (85_000, "IDR", 1)
        shown = [(one.sku, one.name, one.price, one.stock, dict(one.attributes)) for one in product.variants]
        assert shown == [("GAYO-1000", "1 kg", 300_000, 3, {"roast": "dark"}), ("GAYO-250", "250 g", 85_000, 10, {})]
        assert await store.moves(product.variants[0].id) == [("initial", 3, "", "owner")]

    async def test_a_product_without_variants_gets_one(self, office: Office) -> None:
        [only] = (await office.offer()).variants
        assert (only.name, only.price, only.stock) == ("default", 85_000, 0)

    async def test_the_same_key_again_makes_one_product(self, office: Office) -> None:
        once = Once(actor="owner", path="/products", key="k", fingerprint=b"body")
        assert (await office.offer(once=once)).id == (await office.offer(once=once)).id
        assert await office.listed() == ["Kopi Gayo"]

    async def test_a_sku_is_one_variants_in_any_case_of_letters(self, office: Office) -> None:
        await office.offer(SMALL)
        for draft in (SMALL, VariantDraft(sku="gayo-250")):
            with pytest.raises(SkuTaken):
                await office.offer(draft, name="Another")
        assert await office.listed() == ["Kopi Gayo"]

    async def test_a_change_counts_a_version_and_a_stale_one_changes_nothing(self, office: Office) -> None:
        product = await office.offer(SMALL)
        renamed = ProductChanges(name="Kopi Gayo Super")
        await office.change(OWNER, DEFAULT_TENANT, product.id, renamed, expected=frozenset({1}))
        with pytest.raises(PreconditionFailed):
            await office.change(OWNER, DEFAULT_TENANT, product.id, ProductChanges(name="x"), expected=frozenset({1}))
        found = await office.seen(product.id)
        assert (found.name, found.version) == ("Kopi Gayo Super", 2)

    async def test_described_anew_what_is_not_named_is_archived_and_stock_is_left_alone(self, office: Office) -> None:
        product = await office.offer(KILO, SMALL)
        anew = VariantDraft(sku="gayo-250", name="Quarter", price=90_000, stock=999)
        await office.change(OWNER, DEFAULT_TENANT, product.id, ProductChanges(), variants=[anew])
        found = await office.seen(product.id)
        assert [(one.sku, one.name, one.price, one.stock) for one in found.offered] == [
            ("gayo-250", "Quarter", 90_000, 10)
        ]
        assert len(found.variants) == 2

    async def test_variants_are_added_and_changed(self, office: Office) -> None:
        product = await office.offer(SMALL)
        asking: Asking[Placed] = Asking(lambda placed: {"id": str(placed[1].id)})
        await office.add_variant(OWNER, DEFAULT_TENANT, product.id, KILO, asking)
        changes = VariantChanges(price=99_000)
        await office.change_variant(OWNER, DEFAULT_TENANT, product.id, product.variants[0].id, changes)
        assert [one.price for one in (await office.seen(product.id)).variants] == [99_000, 300_000]
        with pytest.raises(VariantNotFound):
            await office.change_variant(OWNER, DEFAULT_TENANT, product.id, new_id(), changes)

    async def test_stock_is_the_sum_of_its_moves_and_no_version(self, office: Office, store: Store) -> None:
        product = await office.offer(SMALL)
        [variant] = product.variants
        for delta in (5, -12):
            await office.moved(product, variant.id, delta)
        found = await office.seen(product.id)
        assert (found.variants[0].stock, found.version) == (3, 1)
        told = [
            ("initial", 10, "", "owner"),
            ("adjusted", 5, "counted", "owner"),
            ("adjusted", -12, "counted", "owner"),
        ]
        assert await store.moves(variant.id) == told

    async def test_what_is_not_there_cannot_be_taken_and_nothing_moves(self, office: Office, store: Store) -> None:
        product = await office.offer(SMALL)
        with pytest.raises(StockTooLow):
            await office.moved(product, product.variants[0].id, -11)
        assert len(await store.moves(product.variants[0].id)) == 1

    async def test_the_same_key_again_moves_nothing(self, office: Office) -> None:
        product = await office.offer(SMALL)
        once = Once(actor="owner", path="/stock", key="k", fingerprint=b"body")
        for _ in range(2):
            await office.moved(product, product.variants[0].id, 5, once)
        assert (await office.seen(product.id)).variants[0].stock == 15

    async def test_what_is_archived_is_not_listed_and_still_there(self, office: Office) -> None:
        product = await office.offer(SMALL)
        await office.archive(OWNER, DEFAULT_TENANT, product.id)
        assert (await office.listed(), await office.listed(active=False)) == ([], ["Kopi Gayo"])
        assert not (await office.seen(product.id)).is_active

    async def test_a_list_is_of_what_was_asked_for(self, office: Office) -> None:
        await office.offer(KILO, category="Kopi")
        await office.offer(VariantDraft(sku="TEH", price=5_000), name="Teh", category="Teh")
        assert await office.listed(category="Teh") == ["Teh"]
        assert await office.listed(max_price=10_000) == ["Teh"]
        assert await office.listed(min_price=10_000) == ["Kopi Gayo"]
        assert await office.listed(in_stock=False) == ["Teh"]
        assert await office.listed(in_stock=True, max_price=10_000) == []

    async def test_products_are_found_by_name_and_by_sku(self, office: Office, store: Store) -> None:
        gayo, teh = await office.offer(KILO), await office.offer(VariantDraft(sku="TEH"), name="Teh")
        async with store.transactions(DEFAULT_TENANT) as work:
            found = await work.products.of({"Teh", "Susu"}, {"gayo-1000"})
        assert {one.id for one in found} == {gayo.id, teh.id}

    async def test_a_catalogue_is_its_tenants_and_its_owners_to_change(self, office: Office) -> None:
        product = await office.offer(SMALL)
        with pytest.raises(RoleTooLow):
            await office.archive(AGENT, DEFAULT_TENANT, product.id)
        stranger = Principal("owner", Role.OWNER, UUID(int=1))
        with pytest.raises(ProductNotFound):
            await office.archive(stranger, stranger.tenant_id, product.id)
        with pytest.raises(ProductNotFound):
            await office.get(stranger, stranger.tenant_id, product.id)
