"""Commerce as other contexts see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.application.ports import Purchases
from ai_platform.commerce.contracts.api import CustomerTotals


@dataclass(frozen=True, slots=True)
class CommerceFacade:
    """Implements `contracts.api.CommerceApi`."""

    purchases: Purchases

    async def customer_totals(self, tenant_id: UUID, customer_ids: Sequence[UUID]) -> Mapping[UUID, CustomerTotals]:
        return await self.purchases.totals(tenant_id, customer_ids) if customer_ids else {}
