"""A new template begins with revision 1 and never replaces one that is there."""

from dataclasses import dataclass

from ai_platform.kernel.errors import Conflict
from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.ports import Editing
from ai_platform.llm.domain.template import PromptTemplate


@dataclass(frozen=True, slots=True)
class CreateTemplate:
    transactions: Transactions[Editing]

    async def __call__(self, template: PromptTemplate) -> None:
        """Raises Conflict `template_exists`, and InvalidInput when its braces cannot be read."""
        template.variables  # noqa: B018 - reading them is the check
        async with self.transactions(None) as work:
            if await work.templates.get(template.name) is not None:
                raise Conflict(f"There is a template '{template.name}' already.", code="template_exists")
            await work.templates.add(template)
