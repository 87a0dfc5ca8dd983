"""Credentials remembered for two seconds, so that a storm of notifications asks for them once."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from ai_platform.commerce.application.payment_ports import Account, Accounts

REMEMBERED: Final = 2.0
"""Seconds: as long as a revoked key may still work."""

_MOST: Final = 1000


class RecentAccounts:
    """Implements `Accounts` over another."""

    def __init__(self, accounts: Accounts, now: Callable[[], float] = time.monotonic) -> None:
        self._accounts = accounts
        self._now = now
        self._known: OrderedDict[tuple[UUID, str], tuple[float, Account | None]] = OrderedDict()

    async def of_tenant(self, tenant_id: UUID, provider: str) -> Account | None:
        name = (tenant_id, provider)
        known = self._known.get(name)
        if known is not None and self._now() < known[0]:
            return known[1]
        account = await self._accounts.of_tenant(tenant_id, provider)
        self._known[name] = (self._now() + REMEMBERED, account)
        self._known.move_to_end(name)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return account

    async def provider_of(self, tenant_id: UUID) -> str:
        return await self._accounts.provider_of(tenant_id)

    def of_installation(self, provider: str) -> Account | None:
        return self._accounts.of_installation(provider)
