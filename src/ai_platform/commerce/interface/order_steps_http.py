"""The steps of an order over HTTP: summary, confirm, cancel, and on to the customer's door."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response

from ai_platform.commerce.interface import order_refusals as said
from ai_platform.commerce.interface.order_bodies import CancelBody, ConfirmationBody, ConfirmBody, StatusBody
from ai_platform.commerce.interface.order_schemas import OrderResource, SummaryResource
from ai_platform.commerce.interface.orders_http import OrderUseCases, answered, shown
from ai_platform.kernel.once import Answer, Asking
from ai_platform.runtime.http import REPLAYED, Caller, ExpectedVersions, OnlyOnce

NOTHING_SAID = ConfirmBody()
NO_REASON = CancelBody()


def summed_up(answer: Answer) -> Response:
    return Response(json.dumps(answer.body), 201, REPLAYED if answer.is_replay else {}, "application/json")


def order_steps_router(use: OrderUseCases) -> APIRouter:
    router = APIRouter(prefix="/v1/crm/orders/{order_id}", tags=["Orders"])

    @router.post(
        "/confirmation",
        status_code=201,
        operation_id="askOrderConfirmation",
        summary="A summary to be confirmed, and its token",
        response_model=SummaryResource,
        responses=said.ASKED,
    )
    async def ask_confirmation(order_id: UUID, body: ConfirmationBody, caller: Caller, once: OnlyOnce) -> Response:
        """The first of two steps. The token works once, for this summary only, and within half an hour."""
        address = body.shipping_address.address() if body.shipping_address else None
        answer = await use.ask(
            caller,
            order_id,
            body.action,
            shipping_address=address,
            conversation_id=body.conversation_id,
            asking=Asking(SummaryResource.worded, once),
        )
        return summed_up(answer)

    @router.post(
        "/confirm",
        operation_id="confirmOrder",
        summary="Confirm an order, which reserves its goods",
        response_model=OrderResource,
        responses=said.CONFIRMED,
    )
    async def confirm_order(
        order_id: UUID,
        caller: Caller,
        once: OnlyOnce,
        expected: ExpectedVersions,
        body: Annotated[ConfirmBody, Body()] = NOTHING_SAID,
    ) -> Response:
        """409 `out_of_stock` with all short lines; 409 `price_changed` with the prices, which the order then has."""
        address, yes = body.shipping_address.address() if body.shipping_address else None, body.yes()
        asking = Asking(OrderResource.worded, once)
        answer = await use.confirm(caller, order_id, asking, shipping_address=address, yes=yes, expected=expected)
        return answered(answer, 200)

    @router.post(
        "/cancel",
        operation_id="cancelOrder",
        summary="Cancel an order, which sets its goods free",
        response_model=OrderResource,
        responses=said.CANCELLED,
    )
    async def cancel_order(
        order_id: UUID,
        caller: Caller,
        expected: ExpectedVersions,
        body: Annotated[CancelBody, Body()] = NO_REASON,
    ) -> Response:
        """A paid order is refunded by it, which needs role owner."""
        await use.cancel(caller, order_id, body.reason, yes=body.yes(), expected=expected)
        return shown(await use.get(caller, order_id))

    @router.put(
        "/status",
        operation_id="moveOrder",
        summary="Take an order one step further",
        response_model=OrderResource,
        responses=said.MOVED,
    )
    async def move_order(order_id: UUID, body: StatusBody, caller: Caller, expected: ExpectedVersions) -> Response:
        """An illegal step answers 409 `invalid_transition` and names the `allowed` ones."""
        asking = Asking(OrderResource.worded)
        await use.move(caller, order_id, body.status, reason=body.reason, asking=asking, expected=expected)
        return shown(await use.get(caller, order_id))

    return router
