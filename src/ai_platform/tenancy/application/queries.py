"""Reads of tenants, keys, members and the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from ai_platform.kernel.access import RoleTooLow, TenantNotFound, require_own, require_owner
from ai_platform.kernel.principal import Principal, Role
from ai_platform.kernel.transactions import Transactions
from ai_platform.tenancy.application.ports import Page, Work
from ai_platform.tenancy.application.scope import scope_of
from ai_platform.tenancy.domain.api_key import ApiKey
from ai_platform.tenancy.domain.audit import AuditEntry
from ai_platform.tenancy.domain.member import Member
from ai_platform.tenancy.domain.tenant import Tenant

RowT = TypeVar("RowT")
Rows = tuple[Sequence[RowT], bool]
"""The rows of a page, and whether there are more."""


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant and the names of the secrets that are set."""

    tenant: Tenant
    secrets: frozenset[str]


@dataclass(frozen=True, slots=True)
class GetTenant:
    transactions: Transactions[Work]

    async def __call__(self, by: Principal, tenant_id: UUID) -> TenantView:
        require_owner(by, tenant_id)
        async with self.transactions(scope_of(by, tenant_id)) as work:
            tenant = await work.tenants.look(tenant_id)
            if tenant is None:
                raise TenantNotFound(tenant_id)
            names = await work.secrets.names([tenant_id])
        return TenantView(tenant, names.get(tenant_id, frozenset()))


@dataclass(frozen=True, slots=True)
class ListTenants:
    """The platform sees all, an owner the one that is his."""

    transactions: Transactions[Work]

    async def __call__(self, by: Principal, page: Page, *, active: bool | None) -> Rows[TenantView]:
        if by.role is Role.AGENT:
            raise RoleTooLow(Role.OWNER)
        only = scope_of(by, by.tenant_id)
        async with self.transactions(only) as work:
            found = await work.tenants.page(_one_more(page), only=only, active=active)
            names = await work.secrets.names([one.id for one in found])
        return _cut([TenantView(one, names.get(one.id, frozenset())) for one in found], page)


@dataclass(frozen=True, slots=True)
class ListKeys:
    """The platform's own keys are shown to the platform, under whichever tenant it asks."""

    transactions: Transactions[Work]

    async def __call__(self, by: Principal, tenant_id: UUID, page: Page) -> Rows[ApiKey]:
        require_owner(by, tenant_id)
        async with self.transactions(scope_of(by, tenant_id)) as work:
            if await work.tenants.look(tenant_id) is None:
                raise TenantNotFound(tenant_id)
            with_platform = by.role is Role.PLATFORM
            return _cut(await work.keys.page(tenant_id, _one_more(page), with_platform=with_platform), page)


@dataclass(frozen=True, slots=True)
class ListMembers:
    """A tenant's people, to everybody of that tenant; the platform's own staff to the platform."""

    transactions: Transactions[Work]

    async def __call__(self, by: Principal, tenant_id: UUID, page: Page) -> Rows[Member]:
        require_own(by, tenant_id)
        async with self.transactions(scope_of(by, tenant_id)) as work:
            if await work.tenants.look(tenant_id) is None:
                raise TenantNotFound(tenant_id)
            with_platform = by.role is Role.PLATFORM
            return _cut(await work.people.members.page(tenant_id, _one_more(page), with_platform=with_platform), page)


@dataclass(frozen=True, slots=True)
class ListAudit:
    """Everything to the platform, or what concerns one tenant; to an owner what concerns his own."""

    transactions: Transactions[Work]

    async def __call__(self, by: Principal, tenant_id: UUID | None, page: Page) -> Rows[AuditEntry]:
        if by.role is not Role.PLATFORM:
            tenant_id = tenant_id or by.tenant_id
        if tenant_id is not None:
            require_owner(by, tenant_id)
        async with self.transactions(scope_of(by, by.tenant_id)) as work:
            if tenant_id is not None and await work.tenants.look(tenant_id) is None:
                raise TenantNotFound(tenant_id)
            return _cut(await work.audit.page(tenant_id, _one_more(page)), page)


def _one_more(page: Page) -> Page:
    """One more than a page tells whether there is another."""
    return Page(page.before, page.limit + 1)


def _cut(rows: Sequence[RowT], page: Page) -> Rows[RowT]:
    return rows[: page.limit], len(rows) > page.limit
