"""A configuration is deleted only when nothing stands on it: no agent, no fallbacks, and not what jobs begin with.

Waiting jobs do not hold it: one whose config is gone fails for good as `llm_config_not_found`, which its owner can
retry. Switching a config off (`is_active`) refuses new jobs and can be undone.
"""

from dataclasses import dataclass

from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.bind_default import DEFAULT_CONFIG
from ai_platform.llm.application.editing import as_expected, found, unused
from ai_platform.llm.application.ports import Editing


@dataclass(frozen=True, slots=True)
class DeleteConfig:
    transactions: Transactions[Editing]

    async def __call__(self, name: str, expected: frozenset[int] | None) -> None:
        """Raises NotFound, PreconditionFailed and Conflict `config_in_use`."""
        async with self.transactions(None) as work:
            config = found(await work.configs.get(name), "config", name)
            as_expected(config.version, expected)
            by_default = ("every job that names no config",) if name == DEFAULT_CONFIG else ()
            unused((*by_default, *await work.configs.users(name)), "config", name)
            await work.configs.remove(config)
