"""Whose order somebody means."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.order_ports import OrderReads
from ai_platform.commerce.domain.order_errors import OrderNotFound
from ai_platform.kernel.access import tenant_meant
from ai_platform.kernel.principal import Principal


@dataclass(frozen=True, slots=True)
class WhoseOrder:
    """The tenant that an order is of, and that whoever means it works as."""

    reads: OrderReads

    async def __call__(self, by: Principal, order_id: UUID) -> UUID:
        """The tenant. Raises OrderNotFound."""
        return await tenant_meant(by, order_id, self.reads.tenant_of, OrderNotFound)
