"""The agents with the rows that they work with, under one job's config."""

from collections.abc import Mapping
from dataclasses import dataclass

from ai_platform.llm.domain import failures
from ai_platform.llm.domain.agent import AgentConfig, AgentType
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.template import PromptTemplate


@dataclass(frozen=True, slots=True)
class Agent:
    """`config` is the one that the row names, `template` likewise; None where it names none or there is none."""

    row: AgentConfig
    config: LLMConfig | None
    template: PromptTemplate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """`config_name` is the job's; a `template_name` given with the job replaces the main agent's."""

    config_name: str
    config: LLMConfig | None
    template_name: str | None
    template: PromptTemplate | None
    agents: Mapping[AgentType, Agent]

    @property
    def is_usable(self) -> bool:
        """Whether every row that this crew names is there and switched on."""
        rows = [self.config, *map(self._config, AgentType), *map(self._template, AgentType)]
        return all(row is not None and row.is_active for row in rows)

    def row(self, agent_type: AgentType) -> AgentConfig:
        return self.agents[agent_type].row

    def config_named(self, agent_type: AgentType) -> tuple[str, LLMConfig | None]:
        """The config that serves this agent, there or not, untuned."""
        return self.row(agent_type).config_name or self.config_name, self._config(agent_type)

    def template_named(self, agent_type: AgentType) -> tuple[str, PromptTemplate | None]:
        """The template that serves this agent, there or not."""
        name = self.template_name if agent_type is AgentType.MAIN else None
        return name or self.row(agent_type).template_name, self._template(agent_type)

    def usable_config(self, agent_type: AgentType) -> LLMConfig:
        """As the agent calls it. Raises ModelCallFailed."""
        name, config = self.config_named(agent_type)
        if config is None or not config.is_active:
            raise failures.config_not_found(name)
        return self.row(agent_type).tuned(config)

    def usable_template(self, agent_type: AgentType) -> PromptTemplate:
        """Raises ModelCallFailed."""
        name, template = self.template_named(agent_type)
        if template is None or not template.is_active:
            raise failures.template_not_found(name)
        return template

    def _config(self, agent_type: AgentType) -> LLMConfig | None:
        agent = self.agents[agent_type]
        return self.config if agent.row.config_name is None else agent.config

    def _template(self, agent_type: AgentType) -> PromptTemplate | None:
        replaced = agent_type is AgentType.MAIN and self.template_name is not None
        return self.template if replaced else self.agents[agent_type].template
