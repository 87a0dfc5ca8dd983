"""A new template begins with revision 1 and never replaces one that is there."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.kernel.errors import Conflict
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.ports import Editing, Stamped
from ai_platform.llm.domain.template import PromptTemplate


@dataclass(frozen=True, slots=True)
class CreateTemplate:
    transactions: Transactions[Editing]

    async def __call__(
        self, tenant_id: UUID, template: PromptTemplate, asking: Asking[Stamped[PromptTemplate]]
    ) -> Answer:
        """`tenant_id` is whom the caller acts for. Raises Conflict `template_exists`, and InvalidInput when its
        braces cannot be read.
        """
        template.variables  # noqa: B018 - reading them is the check
        async with self.transactions(None) as work:
            answers = work.answers(tenant_id)
            if (earlier := await asking.earlier(answers)) is not None:
                return earlier
            if await work.templates.get(template.name) is not None:
                raise Conflict(f"There is a template '{template.name}' already.", code="template_exists")
            return await asking.answer(answers, await work.templates.add(template))
