"""Genuine notifications about no payment of ours: kept until a person knows why they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ai_platform.kernel.errors import NotFound
from ai_platform.tenancy.contracts.api import Act, TenancyApi


class NoticeNotFound(NotFound):
    code = "notice_not_found"

    def __init__(self, notice_id: UUID) -> None:
        super().__init__(f"There is no notification {notice_id} in quarantine.")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedNotice:
    """`body` as the provider wrote it; what is no text in it is replaced. `tenant_id`: at whose address it came."""

    id: UUID
    tenant_id: UUID | None
    provider: str
    reference: str | None
    body: str
    received_at: datetime


class Quarantine(Protocol):
    async def page(self, *, before: UUID | None, limit: int) -> Sequence[QuarantinedNotice]:
        """Those that nobody has looked at, newest first, over all tenants."""

    async def resolve(self, notice_id: UUID) -> QuarantinedNotice | None:
        """Somebody has looked; again is harmless. None when there is no such."""


@dataclass(frozen=True, slots=True)
class ResolveNotice:
    """It counts no more in the report; the notification itself stays. Who did so is remembered."""

    quarantine: Quarantine
    tenancy: TenancyApi

    async def __call__(self, actor: str, notice_id: UUID) -> None:
        """Raises NoticeNotFound."""
        resolved = await self.quarantine.resolve(notice_id)
        if resolved is None:
            raise NoticeNotFound(notice_id)
        details = {"provider": resolved.provider, "reference": resolved.reference or ""}
        act = Act(
            tenant_id=resolved.tenant_id,
            actor=actor,
            action="payment.notice_resolved",
            subject=str(notice_id),
            details=details,
        )
        await self.tenancy.record(act)
