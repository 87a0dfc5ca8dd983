"""Configurations and templates in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ai_platform.llm.application.ports import Choice
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.template import PromptTemplate
from ai_platform.llm.infrastructure.tables import llm_configs
from ai_platform.runtime.db import Database


@dataclass(frozen=True, slots=True)
class SqlCatalogue:
    """Implements `ports.Catalogue`. What it returns belongs to no transaction and is only read."""

    database: Database

    async def find(self, config_name: str, template_name: str) -> Choice:
        async with self.database.session(None) as session:
            return Choice(
                await session.get(LLMConfig, config_name),
                await session.get(PromptTemplate, template_name),
            )

    async def config(self, name: str) -> LLMConfig | None:
        async with self.database.session(None) as session:
            return await session.get(LLMConfig, name)


@dataclass(frozen=True, slots=True)
class SqlConfigNames:
    """Implements `ports.ConfigNames`."""

    database: Database

    async def active(self) -> Sequence[str]:
        wanted = select(llm_configs.c.name).where(llm_configs.c.is_active).order_by(llm_configs.c.name)
        async with self.database.transaction(None) as connection:
            return list((await connection.execute(wanted)).scalars())


@dataclass(frozen=True, slots=True)
class SqlLLMConfigs:
    """Implements `ports.LLMConfigs`."""

    session: AsyncSession

    async def get(self, name: str) -> LLMConfig | None:
        return await self.session.get(LLMConfig, name, with_for_update=True)


@dataclass(frozen=True, slots=True)
class LlmTransactions:
    """Implements the kernel's `Transactions` over the configurations."""

    database: Database

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[SqlLLMConfigs]:
        async with self.database.session(tenant_id) as session:
            yield SqlLLMConfigs(session)
