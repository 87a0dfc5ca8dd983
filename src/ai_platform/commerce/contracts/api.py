"""What commerce offers to other contexts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTotals:
    """What a customer has bought so far: how many orders were paid, and for how much, in minor units."""

    orders: int
    spent: int


class CommerceApi(Protocol):
    async def customer_totals(self, tenant_id: UUID, customer_ids: Sequence[UUID]) -> Mapping[UUID, CustomerTotals]:
        """Who has bought nothing yet is left out. Raises Unavailable when the database is away."""
