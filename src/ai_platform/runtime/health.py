"""What a process says of itself: alive, ready, healthy, and its metrics."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, SecretStr

from ai_platform.kernel.errors import NotAllowed, Unavailable
from ai_platform.kernel.principal import Role
from ai_platform.runtime.auth import Door
from ai_platform.runtime.edge import knock_of
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.problems import refusals
from ai_platform.runtime.telemetry import Metrics

Check = Callable[[], Awaitable[None]]

_NO_KEY: Final = NotAllowed("Send your API key as `Authorization: Bearer <key>`.", code="key_missing", known=False)
_NOT_FOR_EVERYBODY: Final = NotAllowed(
    "Metrics need a key of role platform, or the metrics token.", code="role_too_low"
)
_PATIENCE: Final = 3.0

_log = get_logger(__name__)


class Health(BaseModel):
    """`degraded`: accepts go on while broker or cache is away; `unhealthy`: the database is away."""

    status: Literal["healthy", "degraded", "unhealthy"]
    service: str
    version: str
    checks: dict[str, Literal["ok", "unreachable"]]


@dataclass(frozen=True, slots=True)
class Vitals:
    """The checks of one process. `ready` raises Unavailable with a reason while it should get no traffic."""

    service: str
    version: str
    checks: Mapping[str, Check]
    ready: Check

    async def health(self) -> Health:
        names = list(self.checks)
        results = await asyncio.gather(*(_passes(self.checks[name]) for name in names))
        passed = dict(zip(names, results, strict=True))
        status: Literal["healthy", "degraded", "unhealthy"] = "healthy" if all(results) else "degraded"
        if not passed.get("database", True):
            status = "unhealthy"
        shown: dict[str, Literal["ok", "unreachable"]] = {
            name: "ok" if fine else "unreachable" for name, fine in passed.items()
        }
        return Health(status=status, service=self.service, version=self.version, checks=shown)


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever it raises, what it checks cannot be used
        _log.warning("check_failed", reason=f"{type(error).__name__}: {error}")
        return False
    return True


def operations_router(vitals: Vitals, metrics: Metrics, door: Door, metrics_token: SecretStr | None) -> APIRouter:
    """`/health`, `/livez`, `/readyz` for anybody; `/metrics` for platform callers and the metrics token."""
    router = APIRouter(tags=["Operations"])

    @router.get(
        "/health", operation_id="getHealth", summary="Health of the service", responses={503: {"model": Health}}
    )
    async def health() -> Response:
        report = await vitals.health()
        return JSONResponse(report.model_dump(), 503 if report.status == "unhealthy" else 200)

    @router.get("/livez", operation_id="getLiveness", summary="Whether the process is alive")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get(
        "/readyz",
        operation_id="getReadiness",
        summary="Whether to send traffic",
        responses=refusals(Unavailable("The process is shutting down.", code="draining")),
    )
    async def readyz() -> dict[str, str]:
        await vitals.ready()
        return {"status": "ready"}

    @router.get(
        "/metrics",
        operation_id="getMetrics",
        summary="Prometheus metrics",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "outbox_pending 0.0\n"}}},
            **refusals(_NOT_FOR_EVERYBODY, _NO_KEY),
        },
    )
    async def metrics_text(request: Request) -> Response:
        await _let_read_metrics(request, door, metrics_token)
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


async def _let_read_metrics(request: Request, door: Door, token: SecretStr | None) -> None:
    shown = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    if token is not None and hmac.compare_digest(shown, token.get_secret_value().encode()):
        return
    caller = await door.enter(knock_of(request.scope))
    if caller.role is not Role.PLATFORM:
        raise NotAllowed("Metrics need a key of role platform, or the metrics token.", code="role_too_low")


async def schema_is_at(head: str, revision: Callable[[], Awaitable[str | None]]) -> None:
    """Raises Unavailable unless the database's schema is the one this code was written for."""
    found = await revision()
    if found != head:
        raise Unavailable(f"The schema is at {found or 'nothing'}, not at {head}: run `ai-platform migrate`.")


def refuse_while(draining: Callable[[], bool]) -> None:
    if draining():
        raise Unavailable("The process is shutting down.", code="draining")
