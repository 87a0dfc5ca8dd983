"""`/v1/ops/usage`: what each tenant's jobs used."""

import re
from datetime import date
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict

from ai_platform.jobs.application.ports import Usage
from ai_platform.jobs.application.sum_up_usage import SumUpUsage
from ai_platform.runtime.cursors import cursor_of, position_of
from ai_platform.runtime.http import Operator


class UsageResource(BaseModel):
    """One tenant's sums over the period; `cost_usd` is of calls whose config has prices."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"jobs": 120, "input_tokens": 48_210, "output_tokens": 17_904, "total_tokens": 66_114, "cost_usd": 0.41}
            ]
        }
    )

    tenant_id: UUID
    jobs: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost_usd: float

    @classmethod
    def of(cls, one: Usage) -> Self:
        return cls(
            tenant_id=one.tenant_id,
            jobs=one.jobs,
            input_tokens=one.input_tokens,
            output_tokens=one.output_tokens,
            total_tokens=one.input_tokens + one.output_tokens,
            cost_usd=float(one.cost_usd),
        )


class UsagePage(BaseModel):
    """`first_day` and `last_day` are both part of the period, in UTC."""

    first_day: date
    last_day: date
    items: list[UsageResource]
    next_cursor: str | None


def _written_out(value: Any) -> Any:
    """Pydantic takes a number for seconds since 1970, which nobody means by a day."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("must be a day like 2026-01-05")
    return value


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Day = Annotated[date | None, BeforeValidator(_written_out), Query(examples=["2026-01-05"])]


def usage_router(sum_up: SumUpUsage) -> APIRouter:
    router = APIRouter(prefix="/v1/ops", tags=["Operations"])

    @router.get("/usage", operation_id="getUsage", summary="Tokens and cost by tenant, over days")
    async def usage(
        _: Operator,
        tenant_id: UUID | None = None,
        first: Annotated[Day, Query(alias="from", description="The first day; 29 before `to` when not named.")] = None,
        to: Annotated[Day, Query(description="The last day, included; today when not named.")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: str | None = None,
    ) -> UsagePage:
        """Jobs count on the day they were submitted (UTC). Tenants without a job in the period are left out."""
        period, found, more = await sum_up(tenant_id, first, to, after=position_of(cursor), limit=limit)
        return UsagePage(
            first_day=period.first,
            last_day=period.last,
            items=[UsageResource.of(one) for one in found],
            next_cursor=cursor_of(found[-1].tenant_id) if more else None,
        )

    return router
