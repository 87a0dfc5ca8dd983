"""Facts. A domain event is known inside its context; a contract event is what other contexts may see."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """Something that happened to one aggregate, in the past tense, inside its own context."""

    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEvent:
    """A published fact: primitives only, additive change only.

    `topic` is the routing key on the event exchange, e.g. `jobs.completed.v1`.
    """

    topic: ClassVar[str]

    tenant_id: UUID
    occurred_at: datetime
