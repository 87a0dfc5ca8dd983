"""Where payment providers tell their news. No API key: each proves itself in its own way, on the body's very bytes."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request

from ai_platform.commerce.application.payment_ports import Notice
from ai_platform.commerce.application.receive_notice import ReceiveNotice
from ai_platform.commerce.domain.payment_errors import NoticeNotGenuine
from ai_platform.commerce.interface.payment_schemas import NoticeTaken
from ai_platform.kernel.errors import LimitExceeded, NotFound, Unavailable
from ai_platform.runtime.http import NO_KEY
from ai_platform.runtime.problems import refusals

CALLBACKS: Final = "/v1/crm/payments/callback/"
LARGEST: Final = 64 * 1024
"""Bytes. The longest notification of a provider is a tenth of it."""

_ANSWERS: Final = refusals(
    NoticeNotGenuine(),
    NotFound("There is no payment provider 'paypal'.", code="provider_not_found"),
    LimitExceeded(f"A notification has at most {LARGEST // 1024} KiB.", code="body_too_large"),
    Unavailable("The database cannot be reached; try again shortly.", code="database_unavailable"),
)
_NOTICE: Final[dict[str, Any]] = {"order_id": "ORD-260105-7K2M9Q-1", "transaction_status": "settlement"}
_AS_IT_COMES: Final[dict[str, Any]] = NO_KEY | {
    "requestBody": {
        "required": True,
        "description": "In the provider's own words; its signature is checked over these very bytes.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": _NOTICE}},
    }
}


def callbacks_router(receive: ReceiveNotice) -> APIRouter:
    router = APIRouter(prefix=CALLBACKS.rstrip("/"), tags=["Payments"])

    @router.post(
        "/{provider}/{tenant_id}",
        operation_id="receivePaymentNotice",
        summary="News of a payment, from its provider",
        responses=_ANSWERS,
        openapi_extra=_AS_IT_COMES,
    )
    async def receive_notice(provider: str, tenant_id: UUID, request: Request) -> NoticeTaken:
        """Answered once it is durably kept. Duplicate, late, or out of order: 200, and nothing happens twice."""
        return NoticeTaken(status=await receive(provider, tenant_id, await _notice_of(request)))

    @router.post(
        "/{provider}",
        operation_id="receivePaymentNoticeOfAnyTenant",
        summary="News of a payment, at the address for all tenants",
        responses=_ANSWERS,
        openapi_extra=_AS_IT_COMES,
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
