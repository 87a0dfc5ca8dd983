"""Money given back through the provider: decided first, carried out after, under a key that makes it happen once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ai_platform.kernel.money import Money


class RefundStatus(StrEnum):
    """REQUESTED: decided, and the provider's answer is not known. It ends as DONE or REFUSED, once."""

    REQUESTED = "requested"
    DONE = "done"
    REFUSED = "refused"


@dataclass(eq=False, kw_only=True)
class Refund:
    """`key` is the provider's idempotency key: asking again under it gives nothing back twice."""

    id: UUID
    tenant_id: UUID
    payment_id: UUID
    key: str
    amount: Money
    reason: str
    actor: str
    by_hand: bool = False
    status: RefundStatus = RefundStatus.REQUESTED
    error: str | None = None
    created_at: datetime
    settled_at: datetime | None = None

    def done(self, at: datetime) -> None:
        if self.status is RefundStatus.REQUESTED:
            self.status, self.settled_at = RefundStatus.DONE, at

    def refused(self, why: str, at: datetime) -> None:
        if self.status is RefundStatus.REQUESTED:
            self.status, self.error, self.settled_at = RefundStatus.REFUSED, why[:500], at
