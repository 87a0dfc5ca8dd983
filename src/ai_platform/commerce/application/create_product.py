"""Offer something new."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import CatalogueWork
from ai_platform.commerce.domain.product import Hand, Product, sku_for
from ai_platform.commerce.domain.variant import MoveKind, VariantDraft
from ai_platform.kernel.access import require_owner
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.money import Money
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    """Without variants it gets one."""

    name: str
    description: str = ""
    category: str | None = None
    base_price: Money
    images: tuple[str, ...] = ()
    variants: Sequence[VariantDraft] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProduct:
    transactions: Transactions[CatalogueWork]
    clock: Clock

    async def __call__(self, by: Principal, tenant_id: UUID, draft: ProductDraft, asking: Asking[Product]) -> Answer:
        """Raises RoleTooLow, WrongField, SkuTaken."""
        require_owner(by, tenant_id)
        async with self.transactions(tenant_id) as work:
            if (earlier := await asking.earlier(work.answers)) is not None:
                return earlier
            product = self._made(tenant_id, draft, by)
            await work.products.save([product])
            return await asking.answer(work.answers, product)

    def _made(self, tenant_id: UUID, draft: ProductDraft, by: Principal) -> Product:
        now = self.clock.now()
        product = Product(
            id=new_id(),
            tenant_id=tenant_id,
            name=draft.name,
            description=draft.description,
            category=draft.category,
            base_price=draft.base_price.amount,
            currency=draft.base_price.currency,
            images=draft.images,
            created_at=now,
            updated_at=now,
        )
        for variant in draft.variants or (VariantDraft(sku=sku_for(product.id)),):
            product.add(variant, now, Hand(by.actor, MoveKind.INITIAL))
        return product
