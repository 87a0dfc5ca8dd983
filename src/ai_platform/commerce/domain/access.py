"""Who may see and change what of a shop."""

from uuid import UUID

from ai_platform.commerce.domain.errors import RoleTooLow, TenantNotFound
from ai_platform.kernel.principal import Principal, Role


def require_own(who: Principal, tenant_id: UUID) -> None:
    """Another's shop does not exist for anybody but the platform. Raises TenantNotFound."""
    if who.role is not Role.PLATFORM and who.tenant_id != tenant_id:
        raise TenantNotFound(tenant_id)


def require_owner(who: Principal, tenant_id: UUID) -> None:
    """What is sold and for how much is the owner's to say. Raises TenantNotFound, RoleTooLow."""
    require_own(who, tenant_id)
    if who.role is Role.AGENT:
        raise RoleTooLow(Role.OWNER)
