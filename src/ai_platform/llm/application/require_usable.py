"""Work is accepted only under a config and a template that exist, are active, and have all their variables."""

from collections.abc import Mapping
from dataclasses import dataclass

from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.llm.application.ports import Catalogue
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.template import PromptTemplate, missing_variables


@dataclass(frozen=True, slots=True)
class RequireUsable:
    catalogue: Catalogue

    async def __call__(self, *, config_name: str, template_name: str, variables: Mapping[str, str]) -> None:
        """Raises InvalidInput with one violation a field: `config_name`, `template_name`, `variables.<name>`."""
        choice = await self.catalogue.find(config_name, template_name)
        wrong = (*_config(choice.config, config_name), *_template(choice.template, template_name, variables))
        if wrong:
            raise InvalidInput(" ".join(violation.msg for violation in wrong), violations=wrong)


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
