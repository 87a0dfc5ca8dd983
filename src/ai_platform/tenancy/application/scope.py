"""As whom a transaction over one tenant's things is opened."""

from uuid import UUID

from ai_platform.kernel.principal import Principal, Role


def scope_of(who: Principal, tenant_id: UUID) -> UUID | None:
    """A tenant's own people work as that tenant and the database holds them to it; the platform sees all."""
    return None if who.role is Role.PLATFORM else tenant_id
