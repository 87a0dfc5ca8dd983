"""The sandbox's books, as its pay page sees them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ai_platform.commerce.application.payment_ports import PayLine
from ai_platform.commerce.domain.observation import Standing
from ai_platform.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPage:
    """`standing` is EXPIRED from the moment its time is over, pressed or not."""

    tenant_id: UUID
    reference: str
    lines: tuple[PayLine, ...]
    amount: Money
    standing: Standing
    refunded: Money
    expires_at: datetime
    settled_at: datetime | None


class SandboxBooks(Protocol):
    async def page(self, token: str) -> SandboxPage | None: ...

    async def press(self, token: str, standing: Standing) -> bool:
        """PAID, DENIED or EXPIRED; False when it was settled before, or its time is over."""
