"""Who may see and change what: another tenant's things do not exist, and some of one's own are not everybody's."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from ai_platform.kernel.errors import NotAllowed, NotFound
from ai_platform.kernel.principal import Principal, Role


class TenantNotFound(NotFound):
    code = "tenant_not_found"

    def __init__(self, tenant_id: UUID) -> None:
        super().__init__(f"There is no tenant {tenant_id}.")


class RoleTooLow(NotAllowed):
    code = "role_too_low"

    def __init__(self, needed: Role) -> None:
        super().__init__(f"This needs role {needed}.")


async def tenant_meant(
    by: Principal,
    thing_id: UUID,
    tenant_of: Callable[[UUID], Awaitable[UUID | None]],
    missing: Callable[[UUID], NotFound],
) -> UUID:
    """A tenant's own people mean one of their tenant's; the platform finds everybody's, and works as that tenant.

    Raises what is `missing`.
    """
    if by.role is not Role.PLATFORM:
        return by.tenant_id
    tenant_id = await tenant_of(thing_id)
    if tenant_id is None:
        raise missing(thing_id)
    return tenant_id


def require_platform(who: Principal) -> None:
    """What concerns all tenants is the platform's. Raises RoleTooLow."""
    if who.role is not Role.PLATFORM:
        raise RoleTooLow(Role.PLATFORM)


def require_own(who: Principal, tenant_id: UUID) -> None:
    """Another's tenant does not exist for anybody but the platform. Raises TenantNotFound."""
    if who.role is not Role.PLATFORM and who.tenant_id != tenant_id:
        raise TenantNotFound(tenant_id)


def require_owner(who: Principal, tenant_id: UUID) -> None:
    """Settings, keys, members, what is sold and for how much: the owner's to say. Raises TenantNotFound, RoleTooLow."""
    require_own(who, tenant_id)
    if who.role is Role.AGENT:
        raise RoleTooLow(Role.OWNER)
