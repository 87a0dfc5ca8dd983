"""Notifications about no payment of ours, for the platform's own people."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from ai_platform.commerce.application.quarantine import NoticeNotFound, Quarantine, ResolveNotice
from ai_platform.runtime.cursors import cursor_of, position_of
from ai_platform.runtime.http import Operator
from ai_platform.runtime.problems import EXAMPLE_ID, refusals

QUARANTINE: Final = "/v1/ops/payments/quarantine"


class QuarantinedResource(BaseModel):
    """`body` as the provider wrote it. `tenant_id` is null when it came to the address for all tenants."""

    id: UUID
    tenant_id: UUID | None
    provider: str
    reference: str | None
    body: str
    received_at: datetime


class QuarantinePage(BaseModel):
    items: list[QuarantinedResource]
    next_cursor: str | None


def quarantine_router(quarantine: Quarantine, resolve: ResolveNotice) -> APIRouter:
    router = APIRouter(prefix=QUARANTINE, tags=["Operations"])

    @router.get("", operation_id="listQuarantinedNotices", summary="Genuine notifications about no payment of ours")
    async def list_quarantined(
        _: Operator, limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: str | None = None
    ) -> QuarantinePage:
        """Role platform. Those that nobody has looked at, newest first."""
        found = await quarantine.page(before=position_of(cursor), limit=limit + 1)
        shown = [QuarantinedResource(**asdict(one)) for one in found[:limit]]
        return QuarantinePage(items=shown, next_cursor=cursor_of(shown[-1].id) if len(found) > limit else None)

    @router.post(
        "/{notice_id}/resolve",
        status_code=204,
        operation_id="resolveQuarantinedNotice",
        summary="Say that a person has looked at a notification",
        responses=refusals(NoticeNotFound(EXAMPLE_ID)),
    )
    async def resolve_notice(notice_id: UUID, caller: Operator) -> None:
        """Role platform. It counts no more in the report; the notification itself stays."""
        await resolve(caller.actor, notice_id)

    return router
