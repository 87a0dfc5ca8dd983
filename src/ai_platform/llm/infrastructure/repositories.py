"""Configurations and templates in PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from ai_platform.llm.application.ports import Choice
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.template import PromptTemplate
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
