"""Which of the things that happen to payments become facts for everybody."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from ai_platform.commerce.contracts import payment_events as facts
from ai_platform.commerce.domain import payment_events as events
from ai_platform.kernel.events import ContractEvent, DomainEvent

_FACTS: Final[Mapping[type[DomainEvent], type[ContractEvent]]] = {
    events.PaymentOpened: facts.PaymentOpenedV1,
    events.PaymentFlagged: facts.PaymentFlaggedV1,
}
"""Each pair has the same fields."""


def published(event: DomainEvent) -> ContractEvent | None:
    """None for what stays inside this context."""
    fact = _FACTS.get(type(event))
    return None if fact is None else fact(**asdict(event))
