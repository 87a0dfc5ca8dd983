"""What commerce asks of the world."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from ai_platform.commerce.contracts.api import CustomerTotals
from ai_platform.kernel.once import Once

Json = Mapping[str, object]


class Answers(Protocol):
    """What was answered to requests that may come twice: kept in the transaction of their effect."""

    async def begin(self, once: Once) -> Json | None:
        """The first answer; None makes the key ours until the transaction ends.

        Raises IdempotencyInProgress, IdempotencyKeyReused.
        """

    async def keep(self, once: Once, answer: Json) -> None: ...


class Purchases(Protocol):
    """What customers have bought."""

    async def totals(self, tenant_id: UUID, customer_ids: Sequence[UUID]) -> Mapping[UUID, CustomerTotals]: ...
