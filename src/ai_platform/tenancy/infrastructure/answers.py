"""First answers in PostgreSQL, sealed: they tell keys and secrets that are told once."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from ai_platform.kernel.once import Once
from ai_platform.runtime import sealed_answers
from ai_platform.runtime.keyring import Keyring


@dataclass(frozen=True, slots=True)
class SqlAnswers:
    """Implements `ports.FirstAnswers`."""

    session: AsyncSession
    keyring: Keyring

    async def begin(self, tenant_id: UUID, once: Once) -> str | None:
        words = await sealed_answers.first(await self.session.connection(), self.keyring, tenant_id, once)
        return None if words is None else str(words)

    async def keep(self, tenant_id: UUID, once: Once, words: str) -> None:
        await self.session.flush()  # what it tells of is refused first, if at all
        await sealed_answers.keep(await self.session.connection(), self.keyring, tenant_id, once, words)
