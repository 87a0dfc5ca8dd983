"""A new configuration is checked in full and never replaces one that is there."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.kernel.errors import Conflict
from ai_platform.kernel.once import Answer, Asking
from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.editing import check_config
from ai_platform.llm.application.ports import Editing, Stamped
from ai_platform.llm.domain.config import LLMConfig


@dataclass(frozen=True, slots=True)
class CreateConfig:
    transactions: Transactions[Editing]

    async def __call__(self, tenant_id: UUID, config: LLMConfig, asking: Asking[Stamped[LLMConfig]]) -> Answer:
        """`tenant_id` is whom the caller acts for. Raises Conflict `config_exists`, and InvalidInput."""
        async with self.transactions(None) as work:
            answers = work.answers(tenant_id)
            if (earlier := await asking.earlier(answers)) is not None:
                return earlier
            await check_config(work, config)
            if await work.configs.get(config.name) is not None:
                raise Conflict(f"There is a config '{config.name}' already.", code="config_exists")
            return await asking.answer(answers, await work.configs.add(config))
