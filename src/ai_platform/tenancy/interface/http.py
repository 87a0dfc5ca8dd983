"""Tenants and their keys over HTTP."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from ai_platform.kernel.access import RoleTooLow, TenantNotFound
from ai_platform.kernel.principal import Role
from ai_platform.runtime.cursors import cursor_of, position_of
from ai_platform.runtime.http import REPLAYED, Caller, ExpectedVersions, OnlyOnce
from ai_platform.runtime.keyring import SecretsKeyMissing
from ai_platform.runtime.problems import EXAMPLE_ID, refusals
from ai_platform.tenancy.application.api_keys import CreateKey, RevokeKey
from ai_platform.tenancy.application.change_tenant import ChangeTenant
from ai_platform.tenancy.application.create_tenant import CreatedTenant, CreateTenant
from ai_platform.tenancy.application.deactivate_tenant import DeactivateTenant
from ai_platform.tenancy.application.once_only import Telling, Told
from ai_platform.tenancy.application.ports import Page
from ai_platform.tenancy.application.queries import GetTenant, ListKeys, ListTenants, TenantView
from ai_platform.tenancy.domain.api_key import ApiKey
from ai_platform.tenancy.domain.errors import (
    DefaultTenantStays,
    KeyNotFound,
    UnknownConfig,
    WaSessionTaken,
)
from ai_platform.tenancy.domain.tenant import TenantChanges
from ai_platform.tenancy.interface.people_schemas import KeyBody, KeyCreated, KeyPage, KeyResource
from ai_platform.tenancy.interface.schemas import (
    PromptBody,
    TenantBody,
    TenantCreated,
    TenantPage,
    TenantPatch,
    TenantResource,
)

OWNERS = (TenantNotFound(EXAMPLE_ID), RoleTooLow(Role.OWNER))
"""Why a tenant's settings are not somebody's to see."""
SEALED = SecretsKeyMissing()


def page_of(limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: str | None = None) -> Page:
    return Page(position_of(cursor), limit)


Paged = Annotated[Page, Depends(page_of)]


def etag_of(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def created(told: Told, collection: str | None = None) -> Response:
    """What was made, or made before: the same words, with its version and where it is to be read."""
    shown = json.loads(told.words)
    headers = dict(REPLAYED) if told.is_repeat else {}
    if "version" in shown:
        headers |= etag_of(shown["version"])
    if collection is not None:
        headers["Location"] = f"{collection}/{shown['id']}"
    return Response(told.words, 201, headers, "application/json")


def next_cursor(ids: Sequence[UUID], more: bool) -> str | None:
    return cursor_of(ids[-1]) if more else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantUseCases:
    create: CreateTenant
    change: ChangeTenant
    deactivate: DeactivateTenant
    get: GetTenant
    list_: ListTenants
    create_key: CreateKey
    revoke_key: RevokeKey
    list_keys: ListKeys


def tenants_router(use: TenantUseCases) -> APIRouter:
    router = APIRouter(prefix="/v1/crm/tenants", tags=["Tenants"])
    _serve_tenants(router, use)
    _serve_changes(router, use)
    _serve_keys(router, use)
    return router


def _serve_tenants(router: APIRouter, use: TenantUseCases) -> None:
    @router.post(
        "",
        status_code=201,
        operation_id="createTenant",
        summary="Take a business on",
        response_model=TenantCreated,
        responses=refusals(RoleTooLow(Role.PLATFORM), WaSessionTaken(), UnknownConfig(), SEALED),
    )
    async def create_tenant(body: TenantBody, caller: Caller, once: OnlyOnce) -> Response:
        """Role platform. The owner's key and the webhook secret are answered this once."""
        telling = Telling[CreatedTenant](lambda made: TenantCreated.made(made).model_dump_json(), once)
        payment = body.payment_config.change()
        told = await use.create(caller, name=body.name, settings=body.settings(), payment=payment, telling=telling)
        return created(told, "/v1/crm/tenants")

    @router.get(
        "", operation_id="listTenants", summary="Tenants, newest first", responses=refusals(RoleTooLow(Role.OWNER))
    )
    async def list_tenants(caller: Caller, page: Paged, active: bool | None = None) -> TenantPage:
        """The platform sees all, an owner the one that is his."""
        views, more = await use.list_(caller, page, active=active)
        cursor = next_cursor([one.tenant.id for one in views], more)
        return TenantPage(items=[TenantResource.of(one) for one in views], next_cursor=cursor)

    @router.get(
        "/{tenant_id}",
        operation_id="getTenant",
        summary="One tenant",
        response_model=TenantResource,
        responses=refusals(*OWNERS),
    )
    async def get_tenant(tenant_id: UUID, caller: Caller) -> Response:
        """Secrets are write-only: it says which are set."""
        return _shown(await use.get(caller, tenant_id))


def _serve_changes(router: APIRouter, use: TenantUseCases) -> None:
    @router.patch(
        "/{tenant_id}",
        operation_id="changeTenant",
        summary="Change a tenant's settings",
        response_model=TenantResource,
        responses=refusals(*OWNERS, WaSessionTaken(), DefaultTenantStays(), UnknownConfig(), SEALED),
    )
    async def change_tenant(tenant_id: UUID, body: TenantPatch, caller: Caller, expected: ExpectedVersions) -> Response:
        """What is not named stays as it is. Whether it is active is the platform's to say."""
        options = body.options.over if body.options else None
        changes, payment = body.changes(), body.payment()
        return _shown(await use.change(caller, tenant_id, changes, payment=payment, options=options, expected=expected))

    @router.put(
        "/{tenant_id}/prompt",
        operation_id="setTenantPrompt",
        summary="Tell the agent how to serve",
        response_model=TenantResource,
        responses=refusals(*OWNERS),
    )
    async def set_prompt(tenant_id: UUID, body: PromptBody, caller: Caller, expected: ExpectedVersions) -> Response:
        """The agent's next turn uses it."""
        changes = TenantChanges(agent_prompt=body.prompt)
        return _shown(await use.change(caller, tenant_id, changes, expected=expected))

    @router.delete(
        "/{tenant_id}",
        status_code=204,
        operation_id="deactivateTenant",
        summary="Deactivate a tenant",
        responses=refusals(TenantNotFound(EXAMPLE_ID), RoleTooLow(Role.PLATFORM), DefaultTenantStays()),
    )
    async def deactivate_tenant(tenant_id: UUID, caller: Caller, expected: ExpectedVersions) -> None:
        """Role platform. Its keys answer 401 within two seconds; nothing of it is lost."""
        await use.deactivate(caller, tenant_id, expected=expected)


def _serve_keys(router: APIRouter, use: TenantUseCases) -> None:
    @router.post(
        "/{tenant_id}/api-keys",
        status_code=201,
        operation_id="createApiKey",
        summary="Make an API key",
        response_model=KeyCreated,
        responses=refusals(*OWNERS, SEALED),
    )
    async def create_key(tenant_id: UUID, body: KeyBody, caller: Caller, once: OnlyOnce) -> Response:
        """The key is answered this once. A platform key belongs to no tenant and is the platform's to make."""
        telling = Telling[tuple[ApiKey, str]](
            lambda made: KeyCreated.of(made[0], api_key=made[1]).model_dump_json(), once
        )
        return created(await use.create_key(caller, tenant_id, name=body.name, role=body.role, telling=telling))

    @router.get(
        "/{tenant_id}/api-keys",
        operation_id="listApiKeys",
        summary="API keys, newest first",
        responses=refusals(*OWNERS),
    )
    async def list_keys(tenant_id: UUID, caller: Caller, page: Paged) -> KeyPage:
        """Those that are not revoked. The platform sees its own keys as well."""
        keys, more = await use.list_keys(caller, tenant_id, page)
        cursor = next_cursor([one.id for one in keys], more)
        return KeyPage(items=[KeyResource.of(one) for one in keys], next_cursor=cursor)

    @router.delete(
        "/{tenant_id}/api-keys/{key_id}",
        status_code=204,
        operation_id="revokeApiKey",
        summary="Revoke an API key",
        responses=refusals(*OWNERS, KeyNotFound(EXAMPLE_ID)),
    )
    async def revoke_key(tenant_id: UUID, key_id: UUID, caller: Caller) -> None:
        """It opens nothing within two seconds, and never again."""
        await use.revoke_key(caller, tenant_id, key_id)


def _shown(view: TenantView) -> Response:
    body = TenantResource.of(view).model_dump_json()
    return Response(body, 200, etag_of(view.tenant.version), "application/json")
