"""Customers over HTTP."""

import json
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from ai_platform.inbox.application.change_customer import ChangeCustomer
from ai_platform.inbox.application.create_customer import CreateCustomer
from ai_platform.inbox.application.erase_customer import EraseCustomer
from ai_platform.inbox.application.queries import GetCustomer, ListCustomers
from ai_platform.inbox.application.views import CustomerView
from ai_platform.inbox.domain.errors import CustomerNotFound, NotAPhoneNumber, PhoneTaken
from ai_platform.inbox.interface.schemas import (
    CustomerBody,
    CustomerExport,
    CustomerPage,
    CustomerPatch,
    CustomerResource,
)
from ai_platform.kernel.access import RoleTooLow
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.principal import Role
from ai_platform.runtime.cursors import cursor_of, position_of
from ai_platform.runtime.fields import StoredText
from ai_platform.runtime.http import REPLAYED, Caller, ExpectedVersions, OnlyOnce
from ai_platform.runtime.problems import EXAMPLE_ID, refusals

UNKNOWN: Final = CustomerNotFound(EXAMPLE_ID)
CREATED: Final = refusals(NotAPhoneNumber())


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerUseCases:
    create: CreateCustomer
    change: ChangeCustomer
    erase: EraseCustomer
    get: GetCustomer
    list_: ListCustomers


def customers_router(use: CustomerUseCases) -> APIRouter:
    router = APIRouter(prefix="/v1/crm", tags=["Customers"])
    _serve_a_tenants(router, use)
    _serve_one(router, use)
    return router


def _serve_a_tenants(router: APIRouter, use: CustomerUseCases) -> None:
    @router.post(
        "/tenants/{tenant_id}/customers",
        status_code=201,
        operation_id="createCustomer",
        summary="Write a customer down",
        response_model=CustomerResource,
        responses={
            200: {"model": CustomerResource, "description": "The number is known."},
            **CREATED,
        },
    )
    async def create_customer(tenant_id: UUID, body: CustomerBody, caller: Caller, once: OnlyOnce) -> Response:
        """200 with the customer that has this number already, who stays as he is."""
        asking = Asking(CustomerResource.worded, once)
        found, is_new = await use.create(caller, tenant_id, body.phone_number, body.details(), asking)
        return _answered(found) if isinstance(found, Answer) else _shown(found, 201 if is_new else 200)

    @router.get(
        "/tenants/{tenant_id}/customers",
        operation_id="listCustomers",
        summary="Customers, newest first",
    )
    async def list_customers(
        tenant_id: UUID,
        caller: Caller,
        q: Annotated[
            StoredText | None, Query(max_length=200, description="Beginnings of name, number, e-mail.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: str | None = None,
    ) -> CustomerPage:
        views, more = await use.list_(caller, tenant_id, q, before=position_of(cursor), limit=limit)
        last = cursor_of(views[-1].customer.id) if more else None
        return CustomerPage(items=[CustomerResource.of(one) for one in views], next_cursor=last)


def _serve_one(router: APIRouter, use: CustomerUseCases) -> None:
    @router.get(
        "/customers/{customer_id}",
        operation_id="getCustomer",
        summary="One customer",
        response_model=CustomerResource,
        responses=refusals(UNKNOWN),
    )
    async def get_customer(customer_id: UUID, caller: Caller) -> Response:
        return _shown(await use.get(caller, customer_id))

    @router.patch(
        "/customers/{customer_id}",
        operation_id="changeCustomer",
        summary="Correct what is known of a customer",
        response_model=CustomerResource,
        responses=refusals(UNKNOWN, PhoneTaken(), NotAPhoneNumber()),
    )
    async def change_customer(
        customer_id: UUID, body: CustomerPatch, caller: Caller, expected: ExpectedVersions
    ) -> Response:
        """A number that another customer has: 409 `phone_taken`. Under a former number he is known still."""
        address = None if body.address is None else body.address.over
        return _shown(await use.change(caller, customer_id, body.changes(), address=address, expected=expected))

    @router.get(
        "/customers/{customer_id}/export",
        operation_id="exportCustomer",
        summary="Everything that is kept of a customer",
        responses=refusals(UNKNOWN),
    )
    async def export_customer(customer_id: UUID, caller: Caller) -> CustomerExport:
        return CustomerExport.of(await use.get(caller, customer_id))

    @router.delete(
        "/customers/{customer_id}",
        status_code=204,
        operation_id="eraseCustomer",
        summary="Forget who a customer was",
        responses=refusals(UNKNOWN, RoleTooLow(Role.OWNER)),
    )
    async def erase_customer(customer_id: UUID, caller: Caller, expected: ExpectedVersions) -> None:
        """Role owner. Personal data goes, the books stay; who writes again is somebody new."""
        await use.erase(caller, customer_id, expected=expected)


def _shown(view: CustomerView, status: int = 200) -> Response:
    one = view.customer
    headers = {"ETag": f'"{one.version}"'}
    return Response(CustomerResource.of(view).model_dump_json(), status, headers, "application/json")


def _answered(answer: Answer) -> Response:
    headers = {"ETag": f'"{answer.body["version"]}"', "Location": f"/v1/crm/customers/{answer.body['id']}"}
    body = json.dumps(answer.body, ensure_ascii=False)
    return Response(body, 201, headers | (REPLAYED if answer.is_replay else {}), "application/json")
