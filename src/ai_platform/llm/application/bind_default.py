"""The default config answers with the best model that this machine has a key for, unless a person chose another."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.ports import LLMConfigs
from ai_platform.llm.domain.config import DEMO, Binding

DEFAULT_CONFIG: Final = "default-smart"

OPENAI: Final = Binding("openai", "gpt-6-sol", Decimal(2), Decimal(10))
ANTHROPIC: Final = Binding("anthropic", "claude-sonnet-5-5", Decimal(2), Decimal(10))
DEMO_MODEL: Final = Binding(DEMO, "demo", Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Bound:
    """What the default config stands at; `edited` says that a person decided it."""

    provider: str
    model_name: str
    edited: bool


@dataclass(frozen=True, slots=True)
class BindDefault:
    """`environment` is what this process was started with; a blank key counts as none."""

    transactions: Transactions[LLMConfigs]
    environment: Mapping[str, str]

    async def __call__(self) -> Bound | None:
        """None when someone deleted the default config: it is not brought back."""
        async with self.transactions(None) as configs:
            config = await configs.get(DEFAULT_CONFIG)
            if config is None:
                return None
            edited = config.is_edited
            config.bind(best_binding(self.environment))
            return Bound(config.provider, config.model_name, edited)


def best_binding(environment: Mapping[str, str]) -> Binding:
    """OpenAI when its key is there, else Anthropic, else the demo model."""
    if environment.get("OPENAI_API_KEY", "").strip():
        return OPENAI
    if environment.get("ANTHROPIC_API_KEY", "").strip():
        return ANTHROPIC
    return DEMO_MODEL
