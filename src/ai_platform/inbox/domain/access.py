"""Who may see and change customers."""

from uuid import UUID

from ai_platform.inbox.domain.errors import RoleTooLow, TenantNotFound
from ai_platform.kernel.principal import Principal, Role


def require_own(who: Principal, tenant_id: UUID) -> None:
    """Another's customers do not exist for anybody but the platform. Raises TenantNotFound."""
    if who.role is not Role.PLATFORM and who.tenant_id != tenant_id:
        raise TenantNotFound(tenant_id)


def require_owner(who: Principal) -> None:
    """To forget a customer is the owner's to decide. Raises RoleTooLow."""
    if who.role is Role.AGENT:
        raise RoleTooLow(Role.OWNER)
