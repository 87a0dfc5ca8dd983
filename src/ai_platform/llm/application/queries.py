"""The configuration as people read it."""

from dataclasses import dataclass

from ai_platform.kernel.errors import NotFound
from ai_platform.llm.application.ports import ConfigurationReads, RevisionReads, Stamped, TemplateRevision
from ai_platform.llm.domain.agent import AgentConfig
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.template import PromptTemplate


@dataclass(frozen=True, slots=True)
class ReadConfiguration:
    """Each page comes with whether more follows."""

    reads: ConfigurationReads
    history: RevisionReads

    async def config(self, name: str) -> Stamped[LLMConfig]:
        """Raises NotFound."""
        config = await self.reads.config(name)
        if config is None:
            raise NotFound(f"There is no config '{name}'.", code="config_not_found")
        return config

    async def configs(self, *, after: str | None, limit: int) -> tuple[list[Stamped[LLMConfig]], bool]:
        rows = await self.reads.configs(after=after, limit=limit + 1)
        return rows[:limit], len(rows) > limit

    async def template(self, name: str) -> Stamped[PromptTemplate]:
        """Raises NotFound."""
        template = await self.reads.template(name)
        if template is None:
            raise NotFound(f"There is no template '{name}'.", code="template_not_found")
        return template

    async def templates(self, *, after: str | None, limit: int) -> tuple[list[Stamped[PromptTemplate]], bool]:
        rows = await self.reads.templates(after=after, limit=limit + 1)
        return rows[:limit], len(rows) > limit

    async def revisions(self, name: str, *, before: int | None, limit: int) -> tuple[list[TemplateRevision], bool]:
        """Newest first. Raises NotFound."""
        await self.template(name)
        rows = await self.history.revisions(name, before=before, limit=limit + 1)
        return rows[:limit], len(rows) > limit

    async def agents(self) -> list[Stamped[AgentConfig]]:
        return await self.reads.agents()

    async def agent(self, agent_type: str) -> Stamped[AgentConfig]:
        """Raises NotFound."""
        for agent in await self.reads.agents():
            if agent.row.agent_type == agent_type:
                return agent
        raise NotFound(f"There is no agent '{agent_type}'.", code="agent_not_found")
