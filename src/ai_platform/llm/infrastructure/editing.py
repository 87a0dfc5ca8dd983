"""Changes to the configuration in PostgreSQL, and how people read it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Select, Table, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ai_platform.kernel.errors import Conflict
from ai_platform.llm.application.ports import Stamped, TemplateRevision
from ai_platform.llm.domain.agent import AgentConfig, AgentType
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.template import PromptTemplate
from ai_platform.llm.infrastructure.tables import (
    agent_configs,
    llm_configs,
    prompt_template_revisions,
    prompt_templates,
)
from ai_platform.runtime.answers import SqlAnswers
from ai_platform.runtime.db import Database

RowT = TypeVar("RowT")

_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtext('llm_configuration'))")
_revisions: Final = prompt_template_revisions.c


@dataclass(frozen=True, slots=True)
class SqlEditedConfigs:
    """Implements `ports.EditedConfigs`."""

    session: AsyncSession

    async def get(self, name: str) -> LLMConfig | None:
        return await self.session.get(LLMConfig, name, with_for_update=True)

    async def add(self, config: LLMConfig) -> Stamped[LLMConfig]:
        self.session.add(config)
        return await _as_stored(self.session, _stamped(LLMConfig, llm_configs), llm_configs, config.name)

    async def remove(self, config: LLMConfig) -> None:
        name = config.name
        await self.session.delete(config)
        try:
            await self.session.flush()
        except IntegrityError:
            raise Conflict(f"The config '{name}' is in use by a tenant.", code="config_in_use") from None

    async def unknown(self, names: Sequence[str]) -> tuple[str, ...]:
        known = set(await self.session.scalars(select(llm_configs.c.name).where(llm_configs.c.name.in_(names))))
        return tuple(dict.fromkeys(name for name in names if name not in known))

    async def users(self, name: str) -> tuple[str, ...]:
        fallback_of = select(llm_configs.c.name).where(llm_configs.c.fallbacks.contains([name]))
        owners = await self.session.scalars(fallback_of.order_by(llm_configs.c.name))
        agents = await _agents_with(self.session, agent_configs.c.config_name == name)
        return (*agents, *(f"the fallbacks of config '{owner}'" for owner in owners))


@dataclass(frozen=True, slots=True)
class SqlEditedTemplates:
    """Implements `ports.EditedTemplates`."""

    session: AsyncSession

    async def get(self, name: str) -> PromptTemplate | None:
        return await self.session.get(PromptTemplate, name, with_for_update=True)

    async def add(self, template: PromptTemplate) -> Stamped[PromptTemplate]:
        self.session.add(template)
        statement = _stamped(PromptTemplate, prompt_templates)
        return await _as_stored(self.session, statement, prompt_templates, template.name)

    async def remove(self, template: PromptTemplate) -> None:
        await self.session.delete(template)

    async def users(self, name: str) -> tuple[str, ...]:
        return await _agents_with(self.session, agent_configs.c.template_name == name)


@dataclass(frozen=True, slots=True)
class SqlEditedAgents:
    """Implements `ports.EditedAgents`."""

    session: AsyncSession

    async def get(self, agent_type: AgentType) -> AgentConfig | None:
        return await self.session.get(AgentConfig, agent_type, with_for_update=True)

    async def add(self, agent: AgentConfig) -> None:
        self.session.add(agent)


async def _agents_with(session: AsyncSession, condition: Any) -> tuple[str, ...]:
    found = await session.scalars(
        select(agent_configs.c.agent_type).where(condition).order_by(agent_configs.c.agent_type)
    )
    return tuple(f"the {agent_type} agent" for agent_type in found)


@dataclass(frozen=True, slots=True)
class SqlEditing:
    """Implements `ports.Editing`."""

    session: AsyncSession

    @property
    def configs(self) -> SqlEditedConfigs:
        return SqlEditedConfigs(self.session)

    @property
    def templates(self) -> SqlEditedTemplates:
        return SqlEditedTemplates(self.session)

    @property
    def agents(self) -> SqlEditedAgents:
        return SqlEditedAgents(self.session)

    def answers(self, tenant_id: UUID) -> SqlAnswers:
        return SqlAnswers(self.session, tenant_id)


@dataclass(frozen=True, slots=True)
class EditingTransactions:
    """Implements the kernel's `Transactions`. One change waits for the other: they are rare, and name each other."""

    database: Database

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[SqlEditing]:
        async with self.database.session(tenant_id) as session:
            await session.execute(_ONE_AT_A_TIME)
            yield SqlEditing(session)


@dataclass(frozen=True, slots=True)
class SqlConfigurationReads:
    """Implements `ports.ConfigurationReads` and `ports.RevisionReads`."""

    database: Database

    async def config(self, name: str) -> Stamped[LLMConfig] | None:
        return await self._one(_stamped(LLMConfig, llm_configs).where(llm_configs.c.name == name))

    async def configs(self, *, after: str | None, limit: int) -> list[Stamped[LLMConfig]]:
        return await self._many(_page(_stamped(LLMConfig, llm_configs), llm_configs, after, limit))

    async def template(self, name: str) -> Stamped[PromptTemplate] | None:
        return await self._one(_stamped(PromptTemplate, prompt_templates).where(prompt_templates.c.name == name))

    async def templates(self, *, after: str | None, limit: int) -> list[Stamped[PromptTemplate]]:
        return await self._many(_page(_stamped(PromptTemplate, prompt_templates), prompt_templates, after, limit))

    async def agents(self) -> list[Stamped[AgentConfig]]:
        return await self._many(_stamped(AgentConfig, agent_configs).order_by(agent_configs.c.agent_type))

    async def revisions(self, name: str, *, before: int | None, limit: int) -> list[TemplateRevision]:
        statement = select(
            _revisions.name, _revisions.revision, _revisions.content, _revisions.description, _revisions.created_at
        ).where(_revisions.name == name)
        if before is not None:
            statement = statement.where(_revisions.revision < before)
        async with self.database.transaction(None) as connection:
            rows = await connection.execute(statement.order_by(_revisions.revision.desc()).limit(limit))
            return [TemplateRevision(*row) for row in rows]

    async def _one(self, statement: Select[tuple[RowT, Any, Any]]) -> Stamped[RowT] | None:
        return next(iter(await self._many(statement)), None)

    async def _many(self, statement: Select[tuple[RowT, Any, Any]]) -> list[Stamped[RowT]]:
        async with self.database.session(None) as session:
            return [Stamped(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def _as_stored(
    session: AsyncSession, statement: Select[tuple[RowT, Any, Any]], table: Table, name: str
) -> Stamped[RowT]:
    await session.flush()
    row = (await session.execute(statement.where(table.c.name == name))).one()
    return Stamped(row[0], row[1], row[2])


def _stamped(kind: type[RowT], table: Table) -> Select[tuple[RowT, Any, Any]]:
    return select(kind, table.c.created_at, table.c.updated_at)


def _page(
    statement: Select[tuple[RowT, Any, Any]], table: Table, after: str | None, limit: int
) -> Select[tuple[RowT, Any, Any]]:
    if after is not None:
        statement = statement.where(table.c.name > after)
    return statement.order_by(table.c.name).limit(limit)
