"""Say something else of a product."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import CatalogueWork
from ai_platform.commerce.application.named_product import named_product
from ai_platform.commerce.domain.product import Hand, Product, ProductChanges, VariantChanges
from ai_platform.commerce.domain.variant import MoveKind, VariantDraft
from ai_platform.kernel.access import require_owner
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True)
class ChangeProduct:
    """With `variants`, those are what it has: others are archived, and the stock of one that stays is left alone."""

    transactions: Transactions[CatalogueWork]
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        tenant_id: UUID,
        product_id: UUID,
        changes: ProductChanges,
        *,
        variants: Sequence[VariantDraft] | None = None,
        expected: frozenset[int] | None = None,
    ) -> Product:
        """Raises TenantNotFound, RoleTooLow, ProductNotFound, PreconditionFailed, WrongField, SkuTaken."""
        require_owner(by, tenant_id)
        async with self.transactions(tenant_id) as work:
            product = await named_product(work, product_id, expected=expected)
            product.change(changes, self.clock.now())
            if variants is not None:
                self._replace_variants(product, variants, by)
            await work.products.save([product])
            return product

    def _replace_variants(self, product: Product, drafts: Sequence[VariantDraft], by: Principal) -> None:
        now, stay = self.clock.now(), set()
        for draft in drafts:
            known = product.variant_of(draft.sku)
            if known is None:
                known = product.add(draft, now, Hand(by.actor, MoveKind.INITIAL))
            else:
                price = product.base_price if draft.price is None else draft.price
                changes = VariantChanges(
                    name=draft.name, price=price, attributes=draft.attributes, is_active=True, sku=draft.sku
                )
                product.change_variant(known.id, changes, now)
            stay.add(known.id)
        for one in [one for one in product.offered if one.id not in stay]:
            product.change_variant(one.id, VariantChanges(is_active=False), now)
