"""`/v1/llm/breakers`."""

from datetime import datetime
from typing import Self

from fastapi import APIRouter
from pydantic import BaseModel

from ai_platform.kernel.errors import NotFound
from ai_platform.llm.application.ports import BreakerSeen
from ai_platform.llm.application.reset_breaker import ResetBreaker
from ai_platform.llm.application.show_breakers import ShowBreakers
from ai_platform.llm.domain.breaker import BreakerState
from ai_platform.runtime.http import Operator
from ai_platform.runtime.problems import refusals

UNKNOWN = NotFound("There is no LLM config 'shop'.")


class BreakerResource(BaseModel):
    """`failures` in a row so far; `retry_at` is when an open breaker lets the next call through."""

    name: str
    state: BreakerState
    failures: int
    opened_at: datetime | None
    retry_at: datetime | None

    @classmethod
    def of(cls, seen: BreakerSeen) -> Self:
        return cls(
            name=seen.name,
            state=seen.state,
            failures=seen.failures,
            opened_at=seen.opened_at,
            retry_at=seen.retry_at,
        )


class BreakerPage(BaseModel):
    items: list[BreakerResource]
    next_cursor: str | None = None


def breakers_router(*, show: ShowBreakers, reset: ResetBreaker) -> APIRouter:
    router = APIRouter(prefix="/v1/llm/breakers", tags=["LLM"])

    @router.get(
        "",
        operation_id="listBreakers",
        summary="The circuit breaker of every active config",
    )
    async def list_breakers(_: Operator) -> BreakerPage:
        return BreakerPage(items=[BreakerResource.of(seen) for seen in await show()])

    @router.post(
        "/{name:path}/reset",
        status_code=204,
        operation_id="resetBreaker",
        summary="Close a config's circuit breaker",
        responses=refusals(UNKNOWN),
    )
    async def reset_breaker(name: str, _: Operator) -> None:
        await reset(name)

    return router
