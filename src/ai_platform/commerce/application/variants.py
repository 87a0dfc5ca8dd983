"""Add variants to a product and change them."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import CatalogueWork
from ai_platform.commerce.application.named_product import named_product
from ai_platform.commerce.domain.product import Hand, Product, VariantChanges
from ai_platform.commerce.domain.variant import MoveKind, Variant, VariantDraft
from ai_platform.kernel.access import require_owner
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions

Placed = tuple[Product, Variant]
"""A variant and the product that it is of."""


@dataclass(frozen=True, slots=True)
class AddVariant:
    transactions: Transactions[CatalogueWork]
    clock: Clock

    async def __call__(
        self, by: Principal, tenant_id: UUID, product_id: UUID, draft: VariantDraft, asking: Asking[Placed]
    ) -> Answer:
        """Raises TenantNotFound, RoleTooLow, ProductNotFound, WrongField, SkuTaken."""
        require_owner(by, tenant_id)
        async with self.transactions(tenant_id) as work:
            if (earlier := await asking.earlier(work.answers)) is not None:
                return earlier
            product = await named_product(work, product_id)
            made = product.add(draft, self.clock.now(), Hand(by.actor, MoveKind.INITIAL))
            await work.products.save([product])
            return await asking.answer(work.answers, (product, made))


@dataclass(frozen=True, slots=True)
class ChangeVariant:
    transactions: Transactions[CatalogueWork]
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        tenant_id: UUID,
        product_id: UUID,
        variant_id: UUID,
        changes: VariantChanges,
        *,
        expected: frozenset[int] | None = None,
    ) -> Placed:
        """`expected` are versions of the product.

        Raises TenantNotFound, RoleTooLow, ProductNotFound, VariantNotFound, PreconditionFailed, WrongField, SkuTaken,
        LastVariant.
        """
        require_owner(by, tenant_id)
        async with self.transactions(tenant_id) as work:
            product = await named_product(work, product_id, expected=expected)
            changed = product.change_variant(variant_id, changes, self.clock.now())
            await work.products.save([product])
            return product, changed
