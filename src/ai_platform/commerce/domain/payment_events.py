"""What happens to payments that people have to know."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.kernel.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOpened(DomainEvent):
    """The customer has somewhere to pay."""

    tenant_id: UUID
    payment_id: UUID
    order_id: UUID
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFlagged(DomainEvent):
    """A person should look; `flag` says why."""

    tenant_id: UUID
    payment_id: UUID
    order_id: UUID
    flag: str
