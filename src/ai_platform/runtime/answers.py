"""Requests that may come twice, in the transaction of what they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from ai_platform.kernel.once import Json, Once
from ai_platform.runtime import idempotency


@dataclass(frozen=True, slots=True)
class ConnectionAnswers:
    """Implements the kernel's `Answers`, of one request or many."""

    connection: AsyncConnection
    tenant_id: UUID

    async def begin(self, once: Once) -> Json | None:
        return await idempotency.begin(self.connection, self.tenant_id, once)

    async def keep(self, once: Once, answer: Json) -> None:
        await idempotency.keep(self.connection, self.tenant_id, once, answer)

    async def begin_all(self, onces: Sequence[Once]) -> idempotency.Earlier:
        return await idempotency.begin_all(self.connection, self.tenant_id, onces)

    async def keep_all(self, answers: Mapping[Once, Json]) -> None:
        await idempotency.keep_all(self.connection, self.tenant_id, answers)


@dataclass(frozen=True, slots=True)
class SqlAnswers:
    """Implements the kernel's `Answers` in the transaction of a session."""

    session: AsyncSession
    tenant_id: UUID

    async def begin(self, once: Once) -> Json | None:
        return await idempotency.begin(await self.session.connection(), self.tenant_id, once)

    async def keep(self, once: Once, answer: Json) -> None:
        await idempotency.keep(await self.session.connection(), self.tenant_id, once, answer)
