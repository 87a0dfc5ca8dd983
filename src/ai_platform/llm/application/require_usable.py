"""Work is accepted only under configs and templates that exist, are active, and have all their variables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.llm.application.crew import Crew
from ai_platform.llm.application.ports import Catalogue
from ai_platform.llm.domain.agent import AgentType
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.template import PromptTemplate, missing_variables


@dataclass(frozen=True, slots=True)
class RequireUsable:
    catalogue: Catalogue

    async def __call__(
        self,
        *,
        config_name: str,
        template_name: str | None,
        variables: Mapping[str, str],
        pipeline: Literal["single", "multi_agent"] = "single",
    ) -> None:
        """Raises InvalidInput with one violation a field: `config_name`, `template_name`, `variables.<name>`.

        What is wrong with an agent's own rows stands at `pipeline`, the field that asked for agents.
        """
        if pipeline == "multi_agent":
            crew = await self.catalogue.crew(config_name, template_name)
            found = (*_config(crew.config, config_name), *_agents(crew, variables))
        else:
            choice = await self.catalogue.find(config_name, template_name or "")
            found = (
                *_config(choice.config, config_name),
                *_template(choice.template, template_name or "", variables),
            )
        wrong = tuple(dict.fromkeys(found))
        if wrong:
            raise InvalidInput(" ".join(dict.fromkeys(violation.msg for violation in wrong)), violations=wrong)


def _agents(crew: Crew, variables: Mapping[str, str]) -> Iterator[Violation]:
    """Every agent may be called, so every template's placeholders are needed."""
    for agent_type in AgentType:
        if crew.row(agent_type).config_name is not None:
            name, config = crew.config_named(agent_type)
            yield from (_of_agent(agent_type, wrong) for wrong in _config(config, name))
        name, template = crew.template_named(agent_type)
        is_callers = agent_type is AgentType.MAIN and crew.template_name is not None
        for wrong in _template(template, name, variables):
            yield wrong if is_callers or wrong.loc[0] == "variables" else _of_agent(agent_type, wrong)


def _of_agent(agent_type: AgentType, wrong: Violation) -> Violation:
    return Violation(("pipeline",), f"The {agent_type} agent cannot work: {wrong.msg}", f"agent_{wrong.type}")


def _config(config: LLMConfig | None, name: str) -> tuple[Violation, ...]:
    if config is None:
        return (Violation(("config_name",), f"There is no LLM config '{name}'.", "config_unknown"),)
    if not config.is_active:
        return (Violation(("config_name",), f"LLM config '{name}' is switched off.", "config_inactive"),)
    return ()


def _template(template: PromptTemplate | None, name: str, variables: Mapping[str, str]) -> tuple[Violation, ...]:
    if template is None:
        return (Violation(("template_name",), f"There is no prompt template '{name}'.", "template_unknown"),)
    if not template.is_active:
        return (Violation(("template_name",), f"Prompt template '{name}' is switched off.", "template_inactive"),)
    try:
        missing = template.missing(variables)
    except InvalidInput as error:
        msg = f"Prompt template '{name}' cannot be read: {error.detail}"
        return (Violation(("template_name",), msg, "template_invalid"),)
    return missing_variables(name, missing).violations if missing else ()
