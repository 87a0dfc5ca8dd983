"""The sandbox's books, as its pay page sees them."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from ai_platform.commerce.domain.observation import Standing
from ai_platform.kernel.money import Money


@dataclass(frozen=True, slots=True)
class SandboxPage:
    """What the customer sees."""

    token: str
    tenant_id: UUID
    reference: str
    description: str
    amount: Money
    status: str


class SandboxBooks(Protocol):
    async def page(self, token: str) -> SandboxPage | None: ...

    async def press(self, token: str, standing: Standing) -> bool:
        """PAID, DENIED or EXPIRED; False when it was settled before, or its time is over."""
