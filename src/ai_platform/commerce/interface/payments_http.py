"""Payments over HTTP: to begin, to read, to give back."""

from dataclasses import dataclass
from typing import Annotated, Final, cast
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from ai_platform.commerce.application.give_back import GiveBack
from ai_platform.commerce.application.pay_order import PayOrder, PlaceToPay
from ai_platform.commerce.application.payment_queries import (
    GetPayment,
    ListPayments,
    PaymentView,
    WhosePayment,
    owners_payment,
)
from ai_platform.commerce.application.payment_work import PaymentReads
from ai_platform.commerce.application.refund_payment import RefundCommand
from ai_platform.commerce.application.review_payment import ReviewPayment
from ai_platform.commerce.domain.payment_errors import NothingToRefund, PaymentNotFound
from ai_platform.commerce.interface import order_refusals as said
from ai_platform.commerce.interface.order_schemas import OrderResource
from ai_platform.commerce.interface.orders_http import answered
from ai_platform.commerce.interface.payment_schemas import (
    PaymentPage,
    PaymentResource,
    PaymentWish,
    RefundBody,
    ReviewBody,
)
from ai_platform.kernel.access import RoleTooLow
from ai_platform.kernel.money import NotMoney
from ai_platform.kernel.once import Answer, Asking, Json
from ai_platform.kernel.principal import Role
from ai_platform.runtime.cursors import cursor_of, position_of
from ai_platform.runtime.http import Caller, OnlyOnce
from ai_platform.runtime.problems import EXAMPLE_ID, refusals

NO_WISH: Final = PaymentWish(method=None)
UNKNOWN: Final = PaymentNotFound(EXAMPLE_ID)
REFUND: Final = refusals(
    UNKNOWN,
    RoleTooLow(Role.OWNER),
    NothingToRefund(85_000, "IDR"),
    NotMoney("IDR takes whole amounts only", "amount"),
    *said.PROVIDER,
    *said.NO_REFUND,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentUseCases:
    pay: PayOrder
    give_back: GiveBack
    get: GetPayment
    whose: WhosePayment
    reads: PaymentReads
    list_: ListPayments
    review: ReviewPayment


def payments_router(use: PaymentUseCases) -> APIRouter:
    router = APIRouter(tags=["Payments"])
    _serve_paying(router, use)
    _serve_looking(router, use)
    return router


def _serve_paying(router: APIRouter, use: PaymentUseCases) -> None:

    @router.post(
        "/v1/crm/orders/{order_id}/payment",
        status_code=201,
        operation_id="payOrder",
        summary="A place to pay a confirmed order",
        response_model=OrderResource,
        responses={200: {"description": "It has one already"}, **said.PAID},
    )
    async def pay_order(
        order_id: UUID, caller: Caller, once: OnlyOnce, body: Annotated[PaymentWish, Body()] = NO_WISH
    ) -> Response:
        """Asking again while a payment lives answers the same link, with 200."""
        asking = Asking(_place_worded, once)
        answer = await use.pay(caller, order_id, asking, method=body.method, yes=body.yes())
        order = cast("Json", answer.body["order"])
        return answered(Answer(order, answer.is_replay), 201 if answer.body["is_new"] else 200)

    @router.post(
        "/v1/crm/payments/{payment_id}/refund",
        operation_id="refundPayment",
        summary="Give money back",
        response_model=PaymentResource,
        responses=REFUND,
    )
    async def refund_payment(payment_id: UUID, body: RefundBody, caller: Caller, once: OnlyOnce) -> Response:
        """Role owner. Before shipping, giving all of it back cancels the order and returns its goods to the shelf.

        A provider that cannot give it back answers 409 `refund_by_hand`: return it yourself, then say `by_hand`.
        """
        tenant_id = await owners_payment(use.whose, use.reads, caller, payment_id)
        command = RefundCommand(
            tenant_id=tenant_id,
            payment_id=payment_id,
            amount=body.amount,
            reason=body.reason,
            actor=caller.actor,
            by_hand=body.by_hand,
        )
        return answered(await use.give_back(caller, command, Asking(_payment_worded, once)), 200)


def _serve_looking(router: APIRouter, use: PaymentUseCases) -> None:
    @router.get(
        "/v1/crm/tenants/{tenant_id}/payments",
        operation_id="listPayments",
        summary="Payments, newest first",
    )
    async def list_payments(
        tenant_id: UUID,
        caller: Caller,
        flagged: Annotated[bool, Query(description="Only those that a person has to look at.")] = False,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: str | None = None,
    ) -> PaymentPage:
        views, more = await use.list_(caller, tenant_id, flagged=flagged, before=position_of(cursor), limit=limit)
        following = cursor_of(views[-1].payment.id) if more else None
        return PaymentPage(items=[PaymentResource.of(one) for one in views], next_cursor=following)

    @router.get(
        "/v1/crm/payments/{payment_id}",
        operation_id="getPayment",
        summary="One payment, with its refunds",
        response_model=PaymentResource,
        responses=refusals(UNKNOWN),
    )
    async def get_payment(payment_id: UUID, caller: Caller) -> Response:
        return _shown(await use.get(caller, payment_id))

    @router.post(
        "/v1/crm/payments/{payment_id}/review",
        operation_id="reviewPayment",
        summary="Say that a person has looked at a flagged payment",
        response_model=PaymentResource,
        responses=refusals(UNKNOWN, RoleTooLow(Role.OWNER)),
    )
    async def review_payment(payment_id: UUID, body: ReviewBody, caller: Caller) -> Response:
        """Role owner. Its flags are taken off, and an order that was stopped for them may be sent."""
        await use.review(caller, payment_id, body.reason)
        return _shown(await use.get(caller, payment_id))


def _shown(view: PaymentView) -> Response:
    return answered(Answer(_payment_worded(view)), 200)


def _payment_worded(view: PaymentView) -> Json:
    return PaymentResource.of(view).model_dump(mode="json")


def _place_worded(place: PlaceToPay) -> Json:
    return {"is_new": place.is_new, "order": OrderResource.of(place.order).model_dump(mode="json")}
