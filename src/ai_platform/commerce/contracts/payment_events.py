"""Facts about payments that any context may listen to. What money does to an order is told by the order."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from ai_platform.kernel.events import ContractEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOpenedV1(ContractEvent):
    """The customer has somewhere to pay: `url`."""

    topic: ClassVar[str] = "payments.opened.v1"

    payment_id: UUID
    order_id: UUID
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFlaggedV1(ContractEvent):
    """A person should look. `flag`: amount_differs, paid_twice, reversed or needs_refund."""

    topic: ClassVar[str] = "payments.flagged.v1"

    payment_id: UUID
    order_id: UUID
    flag: str
