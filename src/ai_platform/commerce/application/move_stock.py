"""Put goods on the shelf, or take them off."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import CatalogueWork
from ai_platform.commerce.application.named_product import named_product
from ai_platform.commerce.application.variants import Placed
from ai_platform.commerce.domain.product import Hand
from ai_platform.commerce.domain.variant import MoveKind
from ai_platform.kernel.access import require_owner
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True)
class MoveStock:
    """Every move keeps who made it and why. What is reserved for orders cannot be taken off."""

    transactions: Transactions[CatalogueWork]
    clock: Clock

    async def __call__(
        self,
        by: Principal,
        tenant_id: UUID,
        product_id: UUID,
        variant_id: UUID,
        *,
        delta: int,
        reason: str,
        asking: Asking[Placed],
    ) -> Answer:
        """Raises TenantNotFound, RoleTooLow, ProductNotFound, VariantNotFound, StockTooLow."""
        require_owner(by, tenant_id)
        async with self.transactions(tenant_id) as work:
            if (earlier := await asking.earlier(work.answers)) is not None:
                return earlier
            product = await named_product(work, product_id)
            moved = product.move_stock(
                variant_id, delta, self.clock.now(), Hand(by.actor, MoveKind.ADJUSTED, reason.strip())
            )
            await work.products.save([product])
            return await asking.answer(work.answers, (product, moved))
