"""What commerce asks of the world."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from ai_platform.commerce.contracts.api import CustomerTotals


class Purchases(Protocol):
    """What customers have bought."""

    async def totals(self, tenant_id: UUID, customer_ids: Sequence[UUID]) -> Mapping[UUID, CustomerTotals]: ...
