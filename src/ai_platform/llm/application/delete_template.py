"""A template is deleted, with its revisions, only when no agent stands on it and jobs do not begin with it.

Waiting jobs do not hold it: one whose template is gone fails for good as `llm_template_not_found`.
"""

from dataclasses import dataclass

from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.editing import DEFAULT_TEMPLATE, as_expected, found, unused
from ai_platform.llm.application.ports import Editing


@dataclass(frozen=True, slots=True)
class DeleteTemplate:
    transactions: Transactions[Editing]

    async def __call__(self, name: str, expected: frozenset[int] | None) -> None:
        """Raises NotFound, PreconditionFailed and Conflict `template_in_use`."""
        async with self.transactions(None) as work:
            template = found(await work.templates.get(name), "template", name)
            as_expected(template.version, expected)
            by_default = ("every job that names no template",) if name == DEFAULT_TEMPLATE else ()
            unused((*by_default, *await work.templates.users(name)), "template", name)
            await work.templates.remove(template)
