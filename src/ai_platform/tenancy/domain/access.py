"""Who may see and change what of a tenant."""

from uuid import UUID

from ai_platform.kernel.principal import Principal, Role
from ai_platform.tenancy.domain.errors import RoleTooLow, TenantNotFound


def require_platform(who: Principal) -> None:
    """What concerns all tenants is the platform's. Raises RoleTooLow."""
    if who.role is not Role.PLATFORM:
        raise RoleTooLow(Role.PLATFORM)


def require_own(who: Principal, tenant_id: UUID) -> None:
    """Another's tenant does not exist for anybody but the platform. Raises TenantNotFound."""
    if who.role is not Role.PLATFORM and who.tenant_id != tenant_id:
        raise TenantNotFound(tenant_id)


def require_settings(who: Principal, tenant_id: UUID) -> None:
    """Settings, keys and members of a tenant are its owner's. Raises TenantNotFound, RoleTooLow."""
    require_own(who, tenant_id)
    if who.role is Role.AGENT:
        raise RoleTooLow(Role.OWNER)


def require_grant(who: Principal, role: Role) -> None:
    """Nobody hands out more than he has. Raises RoleTooLow."""
    if role is Role.PLATFORM:
        require_platform(who)
