"""In which currency a shop keeps its prices."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.tenants import tenant_of
from ai_platform.kernel.principal import Principal
from ai_platform.tenancy.contracts.api import TenancyApi


@dataclass(frozen=True, slots=True)
class KnowCurrency:
    tenancy: TenancyApi

    async def __call__(self, by: Principal, tenant_id: UUID) -> str:
        """Raises TenantNotFound."""
        return (await tenant_of(self.tenancy, by, tenant_id)).currency
