"""A new configuration is checked in full and never replaces one that is there."""

from dataclasses import dataclass

from ai_platform.kernel.errors import Conflict
from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.editing import check_config
from ai_platform.llm.application.ports import Editing
from ai_platform.llm.domain.config import LLMConfig


@dataclass(frozen=True, slots=True)
class CreateConfig:
    transactions: Transactions[Editing]

    async def __call__(self, config: LLMConfig) -> None:
        """Raises Conflict `config_exists`, and InvalidInput."""
        async with self.transactions(None) as work:
            await check_config(work, config)
            if await work.configs.get(config.name) is not None:
                raise Conflict(f"There is a config '{config.name}' already.", code="config_exists")
            await work.configs.add(config)
