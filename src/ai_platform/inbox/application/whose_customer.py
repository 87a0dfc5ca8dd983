"""Whose customer somebody asks for."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.inbox.application.ports import CustomerReads
from ai_platform.inbox.domain.errors import CustomerNotFound
from ai_platform.kernel.principal import Principal, Role


@dataclass(frozen=True, slots=True)
class WhoseCustomer:
    """A tenant's own people ask among their own; the platform among all."""

    reads: CustomerReads

    async def __call__(self, by: Principal, customer_id: UUID) -> UUID:
        """The tenant. Raises CustomerNotFound."""
        if by.role is not Role.PLATFORM:
            return by.tenant_id
        tenant_id = await self.reads.tenant_of(customer_id)
        if tenant_id is None:
            raise CustomerNotFound(customer_id)
        return tenant_id
