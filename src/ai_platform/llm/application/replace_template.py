"""A template is replaced as a whole, as a new revision; jobs that begin after it use it within two seconds."""

from dataclasses import dataclass

from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.editing import as_expected, found
from ai_platform.llm.application.ports import Editing
from ai_platform.llm.domain.template import PromptTemplate


@dataclass(frozen=True, slots=True)
class ReplaceTemplate:
    transactions: Transactions[Editing]

    async def __call__(self, wanted: PromptTemplate, expected: frozenset[int] | None) -> None:
        """Raises NotFound, PreconditionFailed, and InvalidInput when its braces cannot be read."""
        wanted.variables  # noqa: B018 - reading them is the check
        async with self.transactions(None) as work:
            template = found(await work.templates.get(wanted.name), "template", wanted.name)
            as_expected(template.version, expected)
            template.rewrite(wanted)
