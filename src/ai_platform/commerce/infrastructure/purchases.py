"""What customers have bought. Nothing can be ordered yet, so nobody has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.commerce.contracts.api import CustomerTotals
from ai_platform.runtime.db import Database


@dataclass(frozen=True, slots=True)
class SqlPurchases:
    """Implements `ports.Purchases`."""

    database: Database

    async def totals(self, tenant_id: UUID, customer_ids: Sequence[UUID]) -> Mapping[UUID, CustomerTotals]:
        del tenant_id, customer_ids
        return {}
