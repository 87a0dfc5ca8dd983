"""Whose order somebody means."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderReads
from ai_platform.commerce.domain.order_errors import OrderNotFound
from ai_platform.kernel.principal import Principal, Role


@dataclass(frozen=True, slots=True)
class WhoseOrder:
    """A tenant's own people mean one of their tenant's; the platform finds everybody's, and works as that tenant."""

    reads: OrderReads

    async def __call__(self, by: Principal, order_id: UUID) -> UUID:
        """The tenant. Raises OrderNotFound."""
        if by.role is not Role.PLATFORM:
            return by.tenant_id
        tenant_id = await self.reads.tenant_of(order_id)
        if tenant_id is None:
            raise OrderNotFound(order_id)
        return tenant_id
