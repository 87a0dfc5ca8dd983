"""Whose customer somebody asks for."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.inbox.application.ports import CustomerReads
from ai_platform.inbox.domain.errors import CustomerNotFound
from ai_platform.kernel.access import tenant_meant
from ai_platform.kernel.principal import Principal


@dataclass(frozen=True, slots=True)
class WhoseCustomer:
    """The tenant that a customer is of, and that whoever means him works as."""

    reads: CustomerReads

    async def __call__(self, by: Principal, customer_id: UUID) -> UUID:
        """The tenant. Raises CustomerNotFound."""
        return await tenant_meant(by, customer_id, self.reads.tenant_of, CustomerNotFound)
