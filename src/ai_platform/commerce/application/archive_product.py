"""Stop selling a product."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import CatalogueWork
from ai_platform.commerce.application.named_product import named_product
from ai_platform.kernel.access import require_owner
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.principal import Principal
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True)
class ArchiveProduct:
    """What was ordered of it stays as it was; to archive it again changes nothing."""

    transactions: Transactions[CatalogueWork]
    clock: Clock

    async def __call__(
        self, by: Principal, tenant_id: UUID, product_id: UUID, *, expected: frozenset[int] | None = None
    ) -> None:
        """Raises TenantNotFound, RoleTooLow, ProductNotFound, PreconditionFailed."""
        require_owner(by, tenant_id)
        async with self.transactions(tenant_id) as work:
            product = await named_product(work, product_id, expected=expected)
            product.archive(self.clock.now())
            await work.products.save([product])
