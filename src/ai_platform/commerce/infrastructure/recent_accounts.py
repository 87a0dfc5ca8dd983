"""Tenants and their credentials remembered for two seconds: a storm of notifications asks for each of them once."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar
from uuid import UUID

from ai_platform.commerce.application.payment_ports import Account, Accounts
from ai_platform.tenancy.contracts.api import Act, TenancyApi, TenantRecord

REMEMBERED: Final = 2.0
"""Seconds: as long as a revoked key may still work."""

_MOST: Final = 1000

KeyT = TypeVar("KeyT", bound=Hashable)
FoundT = TypeVar("FoundT")


class Recent(Generic[KeyT, FoundT]):
    """Whoever asks while somebody else does waits for his answer; a failure is told to them and not remembered."""

    def __init__(self, find: Callable[[KeyT], Awaitable[FoundT]], now: Callable[[], float] = time.monotonic) -> None:
        self._find = find
        self._now = now
        self._known: OrderedDict[KeyT, tuple[float, asyncio.Future[FoundT]]] = OrderedDict()

    async def __call__(self, key: KeyT) -> FoundT:
        until, found = self._known.get(key, (0.0, None))
        if found is None or self._now() >= until or _failed(found):
            found = asyncio.ensure_future(self._find(key))
            found.add_done_callback(_failed)
            self._known[key] = (self._now() + REMEMBERED, found)
            self._known.move_to_end(key)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return await asyncio.shield(found)


def _failed(found: "asyncio.Future[FoundT]") -> bool:
    return found.done() and (found.cancelled() or found.exception() is not None)


class RecentAccounts:
    """Implements `Accounts` over another."""

    def __init__(self, accounts: Accounts, now: Callable[[], float] = time.monotonic) -> None:
        self._accounts = accounts
        self._known: Recent[tuple[UUID, str], Account | None] = Recent(lambda key: accounts.of_tenant(*key), now)

    async def of_tenant(self, tenant_id: UUID, provider: str) -> Account | None:
        return await self._known((tenant_id, provider))

    async def provider_of(self, tenant_id: UUID) -> str:
        return await self._accounts.provider_of(tenant_id)

    def of_installation(self, provider: str) -> Account | None:
        return self._accounts.of_installation(provider)


class RecentTenants:
    """Implements `TenancyApi` over another; only `tenant` is remembered."""

    def __init__(self, tenancy: TenancyApi, now: Callable[[], float] = time.monotonic) -> None:
        self._tenancy = tenancy
        self._known: Recent[UUID, TenantRecord | None] = Recent(tenancy.tenant, now)

    async def tenant(self, tenant_id: UUID) -> TenantRecord | None:
        return await self._known(tenant_id)

    async def tenant_of_session(self, wa_session: str) -> TenantRecord | None:
        return await self._tenancy.tenant_of_session(wa_session)

    async def secret(self, tenant_id: UUID, name: str) -> str | None:
        return await self._tenancy.secret(tenant_id, name)

    async def record(self, act: Act) -> None:
        await self._tenancy.record(act)
