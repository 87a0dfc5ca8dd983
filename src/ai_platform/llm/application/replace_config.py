"""A configuration is replaced as a whole; running workers call by it within two seconds."""

from dataclasses import dataclass

from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.editing import as_expected, check_config, found
from ai_platform.llm.application.ports import Editing
from ai_platform.llm.domain.config import LLMConfig


@dataclass(frozen=True, slots=True)
class ReplaceConfig:
    transactions: Transactions[Editing]

    async def __call__(self, wanted: LLMConfig, expected: frozenset[int] | None) -> None:
        """Raises NotFound, PreconditionFailed and InvalidInput."""
        async with self.transactions(None) as work:
            config = found(await work.configs.get(wanted.name), "config", wanted.name)
            as_expected(config.version, expected)
            await check_config(work, wanted)
            config.rewrite(wanted)
