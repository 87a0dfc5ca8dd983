"""Rows in memory: what a transaction changed is kept when it is left cleanly, and then only."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from ai_platform.kernel.errors import InvalidInput
from ai_platform.kernel.once import Json, Once
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.tenancy.contracts.api import Act, TenantRecord

RowsT = TypeVar("RowsT")
WorkT = TypeVar("WorkT")
Given = dict[tuple[UUID, str, str, str], tuple[bytes, Json]]
"""Tenant, actor, path and key; the fingerprint and the answer."""


@dataclass
class Memory(Generic[RowsT, WorkT]):
    """Implements the kernel's `Transactions`. One at a time: whoever comes meanwhile waits, as for a row's lock."""

    rows: RowsT
    work: Callable[[RowsT, UUID], WorkT]
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[WorkT]:
        assert tenant_id is not None, "one tenant's work"
        async with self._turn:
            rows = deepcopy(self.rows)
            yield self.work(rows, tenant_id)
            self.rows = rows


@dataclass
class FakeAnswers:
    """Implements the kernel's `Answers`."""

    given: Given
    tenant_id: UUID

    async def begin(self, once: Once) -> Json | None:
        known = self.given.get((self.tenant_id, once.actor, once.path, once.key))
        if known is not None and known[0] != once.fingerprint:
            raise InvalidInput("another body", code="idempotency_key_reused")
        return known[1] if known else None

    async def keep(self, once: Once, answer: Json) -> None:
        self.given[self.tenant_id, once.actor, once.path, once.key] = (once.fingerprint, answer)


@dataclass
class OneTenant:
    """Implements `TenancyApi`: any tenant is there, has no secret, and what was recorded of it is in `acts`."""

    name: str = "Warung"
    acts: list[Act] = field(default_factory=list)

    async def tenant(self, tenant_id: UUID) -> TenantRecord | None:
        return TenantRecord(
            id=tenant_id,
            name=self.name,
            wa_session=None,
            llm_config_name="default-smart",
            agent_prompt="",
            agent_enabled=True,
            payment_provider="sandbox",
            payment_is_production=False,
            currency="IDR",
            timezone="Asia/Jakarta",
            business_hours={},
            is_active=True,
            version=1,
        )

    async def tenant_of_session(self, wa_session: str) -> TenantRecord | None:
        del wa_session
        return await self.tenant(DEFAULT_TENANT)

    async def secret(self, tenant_id: UUID, name: str) -> str | None:
        del tenant_id, name
        return None

    async def record(self, act: Act) -> None:
        self.acts.append(act)
