"""Configurations and templates in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ai_platform.llm.application.crew import Agent, Crew
from ai_platform.llm.application.ports import Choice
from ai_platform.llm.domain.agent import AgentConfig, AgentType
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.template import PromptTemplate
from ai_platform.llm.infrastructure.tables import agent_configs, llm_configs, prompt_templates
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

    async def crew(self, config_name: str, template_name: str | None) -> Crew:
        async with self.database.session(None) as session:
            found = {row.agent_type: Agent(row, config, template) for row, config, template in await _agents(session)}
            missing = [AgentConfig.seeded(agent_type) for agent_type in AgentType if agent_type not in found]
            for row in missing:
                found[row.agent_type] = Agent(row, None, await session.get(PromptTemplate, row.template_name))
            return Crew(
                config_name=config_name,
                config=await session.get(LLMConfig, config_name),
                template_name=template_name,
                template=None if template_name is None else await session.get(PromptTemplate, template_name),
                agents=found,
            )


async def _agents(session: AsyncSession) -> Sequence[tuple[AgentConfig, LLMConfig | None, PromptTemplate | None]]:
    statement = (
        select(AgentConfig, LLMConfig, PromptTemplate)
        .outerjoin(llm_configs, llm_configs.c.name == agent_configs.c.config_name)
        .outerjoin(prompt_templates, prompt_templates.c.name == agent_configs.c.template_name)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


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
