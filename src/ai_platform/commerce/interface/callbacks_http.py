"""Where payment providers tell their news. No API key: each proves itself in its own way, on the body's very bytes."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request

from ai_platform.commerce.application.payment_ports import Notice
from ai_platform.commerce.application.receive_notice import ReceiveNotice
from ai_platform.commerce.interface.payment_schemas import NoticeTaken
from ai_platform.kernel.errors import LimitExceeded
from ai_platform.runtime.http import NO_KEY
from ai_platform.runtime.problems import problem_responses

CALLBACKS: Final = "/v1/crm/payments/callback/"
LARGEST: Final = 64 * 1024
"""Bytes. The longest notification of a provider is a tenth of it."""

_ANSWERS: Final = problem_responses(401, 404, 413, 503)


def callbacks_router(receive: ReceiveNotice) -> APIRouter:
    router = APIRouter(prefix=CALLBACKS.rstrip("/"), tags=["Payments"])

    @router.post(
        "/{provider}/{tenant_id}",
        operation_id="receivePaymentNotice",
        summary="News of a payment, from its provider",
        responses=_ANSWERS,
        openapi_extra=NO_KEY,
    )
    async def receive_notice(provider: str, tenant_id: UUID, request: Request) -> NoticeTaken:
        """Answered once it is durably kept. Duplicate, late, or out of order: 200, and nothing happens twice."""
        return NoticeTaken(status=await receive(provider, tenant_id, await _notice_of(request)))

    @router.post(
        "/{provider}",
        operation_id="receivePaymentNoticeOfAnyTenant",
        summary="News of a payment, at the address for all tenants",
        responses=_ANSWERS,
        openapi_extra=NO_KEY,
    )
    async def receive_anybodys_notice(provider: str, request: Request) -> NoticeTaken:
        """The reference tells whose secret to try. A genuine one that nobody knows is kept for a person to look at."""
        return NoticeTaken(status=await receive(provider, None, await _notice_of(request)))

    return router


async def _notice_of(request: Request) -> Notice:
    body = await request.body()
    if len(body) > LARGEST:
        raise LimitExceeded(f"A notification has at most {LARGEST // 1024} KiB.", code="body_too_large")
    return Notice({name.lower(): value for name, value in request.headers.items()}, body)
