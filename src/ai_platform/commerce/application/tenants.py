"""The tenant that somebody works for."""

from uuid import UUID

from ai_platform.kernel.access import TenantNotFound, require_own
from ai_platform.kernel.principal import Principal, Role
from ai_platform.tenancy.contracts.api import TenancyApi, TenantRecord


async def tenant_of(tenancy: TenancyApi, by: Principal, tenant_id: UUID) -> TenantRecord:
    """Raises TenantNotFound."""
    require_own(by, tenant_id)
    tenant = await tenancy.tenant(tenant_id)
    if tenant is None:
        raise TenantNotFound(tenant_id)
    return tenant


async def require_tenant(tenancy: TenancyApi, by: Principal, tenant_id: UUID) -> None:
    """A tenant's own people were let in for it; the platform may name one that is not there. Raises TenantNotFound."""
    require_own(by, tenant_id)
    if by.role is Role.PLATFORM:
        await tenant_of(tenancy, by, tenant_id)
