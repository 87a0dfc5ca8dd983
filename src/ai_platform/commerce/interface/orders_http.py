"""Orders over HTTP: to begin, to read, to change."""

import json
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from ai_platform.commerce.application.add_to_order import AddToOrder
from ai_platform.commerce.application.ask_confirmation import AskConfirmation
from ai_platform.commerce.application.cancel_order import CancelOrder
from ai_platform.commerce.application.change_order import ChangeOrder
from ai_platform.commerce.application.confirm_order import ConfirmOrder
from ai_platform.commerce.application.create_order import CreateOrder
from ai_platform.commerce.application.move_order import MoveOrder
from ai_platform.commerce.application.order_ports import OrderFilter
from ai_platform.commerce.application.order_queries import GetOrder, ListOrders
from ai_platform.commerce.application.order_views import OrderView
from ai_platform.commerce.application.remove_from_order import RemoveFromOrder
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.commerce.interface import order_refusals as said
from ai_platform.commerce.interface.order_bodies import ItemBody, OrderBody, OrderPatch
from ai_platform.commerce.interface.order_schemas import OrderPage, OrderResource
from ai_platform.kernel.once import Answer, Asking
from ai_platform.runtime.cursors import cursor_of, position_of
from ai_platform.runtime.http import REPLAYED, Caller, ExpectedVersions, OnlyOnce

OF_TENANT: Final = "/v1/crm/tenants/{tenant_id}/orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUseCases:
    create: CreateOrder
    add: AddToOrder
    remove: RemoveFromOrder
    change: ChangeOrder
    ask: AskConfirmation
    confirm: ConfirmOrder
    cancel: CancelOrder
    move: MoveOrder
    get: GetOrder
    list_: ListOrders


def orders_router(use: OrderUseCases) -> APIRouter:
    router = APIRouter(tags=["Orders"])
    _serve_orders(router, use)
    _serve_changes(router, use)
    return router


def _serve_orders(router: APIRouter, use: OrderUseCases) -> None:
    @router.post(
        OF_TENANT,
        status_code=201,
        operation_id="createOrder",
        summary="Begin an order",
        response_model=OrderResource,
        responses=said.CREATED,
    )
    async def create_order(tenant_id: UUID, body: OrderBody, caller: Caller, once: OnlyOnce) -> Response:
        """At today's prices. Nothing is reserved before it is confirmed."""
        answer = await use.create(caller, tenant_id, body.new(), Asking(OrderResource.worded, once))
        return answered(answer, 201, {"Location": f"/v1/crm/orders/{answer.body['id']}"})

    @router.get(OF_TENANT, operation_id="listOrders", summary="Orders, newest first")
    async def list_orders(
        tenant_id: UUID,
        caller: Caller,
        status: OrderStatus | None = None,
        customer_id: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: str | None = None,
    ) -> OrderPage:
        where = OrderFilter(status=status, customer_id=customer_id)
        views, more = await use.list_(caller, tenant_id, where, before=position_of(cursor), limit=limit)
        following = cursor_of(views[-1].id) if more else None
        return OrderPage(items=[OrderResource.of(one) for one in views], next_cursor=following)

    @router.get(
        "/v1/crm/orders/{order_id}",
        operation_id="getOrder",
        summary="One order",
        response_model=OrderResource,
        responses=said.READ,
    )
    async def get_order(order_id: UUID, caller: Caller) -> Response:
        return shown(await use.get(caller, order_id))


def _serve_changes(router: APIRouter, use: OrderUseCases) -> None:
    @router.post(
        "/v1/crm/orders/{order_id}/items",
        status_code=201,
        operation_id="addOrderItem",
        summary="Put something into an order",
        response_model=OrderResource,
        responses=said.ADDED,
    )
    async def add_item(order_id: UUID, body: ItemBody, caller: Caller, once: OnlyOnce) -> Response:
        """The same variant again makes one line with the sum, at today's price. Only while it is PENDING."""
        return answered(await use.add(caller, order_id, body.wanted(), Asking(OrderResource.worded, once)), 201)

    @router.delete(
        "/v1/crm/orders/{order_id}/items/{item_id}",
        operation_id="removeOrderItem",
        summary="Take a line out of an order",
        response_model=OrderResource,
        responses=said.REMOVED,
    )
    async def remove_item(order_id: UUID, item_id: UUID, caller: Caller, expected: ExpectedVersions) -> Response:
        """Answers the order without it. Only while it is PENDING."""
        await use.remove(caller, order_id, item_id, expected=expected)
        return shown(await use.get(caller, order_id))

    @router.patch(
        "/v1/crm/orders/{order_id}",
        operation_id="changeOrder",
        summary="Change where an order goes, what that costs, its notes",
        response_model=OrderResource,
        responses=said.CHANGED,
    )
    async def change_order(order_id: UUID, body: OrderPatch, caller: Caller, expected: ExpectedVersions) -> Response:
        """What is not named stays. The shipping cost only while it is PENDING, the address until it is sent."""
        await use.change(caller, order_id, body.changes, expected=expected)
        return shown(await use.get(caller, order_id))


def shown(view: OrderView) -> Response:
    body = OrderResource.of(view).model_dump_json()
    return Response(body, 200, {"ETag": f'"{view.version}"'}, "application/json")


def answered(answer: Answer, status: int, headers: dict[str, str] | None = None) -> Response:
    told = {"ETag": f'"{answer.body["version"]}"', **(headers or {}), **(REPLAYED if answer.is_replay else {})}
    return Response(json.dumps(answer.body), status, told, "application/json")
