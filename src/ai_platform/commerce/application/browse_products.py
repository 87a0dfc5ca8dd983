"""See what a shop offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.catalogue_ports import ProductFilter, Shelves
from ai_platform.commerce.application.tenants import require_tenant
from ai_platform.commerce.domain.errors import ProductNotFound
from ai_platform.commerce.domain.product import Product
from ai_platform.kernel.principal import Principal
from ai_platform.tenancy.contracts.api import TenancyApi


@dataclass(frozen=True, slots=True)
class GetProduct:
    """An archived one too."""

    shelves: Shelves
    tenancy: TenancyApi

    async def __call__(self, by: Principal, tenant_id: UUID, product_id: UUID) -> Product:
        """Raises TenantNotFound, ProductNotFound."""
        await require_tenant(self.tenancy, by, tenant_id)
        product = await self.shelves.product(tenant_id, product_id)
        if product is None:
            raise ProductNotFound(product_id)
        return product


@dataclass(frozen=True, slots=True)
class ListProducts:
    shelves: Shelves
    tenancy: TenancyApi

    async def __call__(
        self, by: Principal, tenant_id: UUID, where: ProductFilter, *, before: UUID | None, limit: int
    ) -> tuple[Sequence[Product], bool]:
        """Newest first, and whether there are more. Raises TenantNotFound."""
        await require_tenant(self.tenancy, by, tenant_id)
        found = await self.shelves.page(tenant_id, where, before=before, limit=limit + 1)
        return found[:limit], len(found) > limit
