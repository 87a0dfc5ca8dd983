"""The agents of the multi-agent pipeline: one row each, so that they change while the platform runs."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final

from ai_platform.kernel.aggregate import Aggregate
from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.llm.domain.config import NAME_MAX, TEMPERATURE_MAX, LLMConfig

RETRIES_MAX: Final = 10


class AgentType(StrEnum):
    MAIN = "main"
    FALLBACK = "fallback"
    FOLLOWUP = "followup"
    MODERATION = "moderation"


class OnError(StrEnum):
    """What becomes of a message that could not be checked."""

    BLOCK = "block"
    ALLOW = "allow"


@dataclass(eq=False, kw_only=True)
class AgentConfig(Aggregate):
    """Which config and template an agent works with. A `config_name` of None means the job's own.

    `temperature` and `max_tokens` replace the config's unless they are None; `max_retries` counts calls after the
    first. `on_error` matters to moderation only.
    """

    agent_type: AgentType
    template_name: str
    config_name: str | None = None
    on_error: OnError = OnError.BLOCK
    temperature: float | None = None
    max_tokens: int | None = None
    max_retries: int = 3
    version: int = 1

    def __post_init__(self) -> None:
        wrong = tuple(Violation((name,), msg, "out_of_range") for name, holds, msg in self._limits() if not holds)
        if wrong:
            raise InvalidInput(f"The agent is not valid: {wrong[0].msg}", violations=wrong)

    def _limits(self) -> tuple[tuple[str, bool, str], ...]:
        name = self.config_name
        return (
            ("template_name", 1 <= len(self.template_name) <= NAME_MAX, f"A name has 1 to {NAME_MAX} characters."),
            ("config_name", name is None or 1 <= len(name) <= NAME_MAX, f"A name has 1 to {NAME_MAX} characters."),
            ("temperature", self.temperature is None or 0 <= self.temperature <= TEMPERATURE_MAX, "0 to 2."),
            ("max_tokens", self.max_tokens is None or self.max_tokens >= 1, "At least one token."),
            ("max_retries", 0 <= self.max_retries <= RETRIES_MAX, f"0 to {RETRIES_MAX}."),
        )

    @classmethod
    def seeded(cls, agent_type: AgentType) -> "AgentConfig":
        """What serves while somebody has deleted the agent's row."""
        return cls(agent_type=agent_type, template_name=f"{agent_type}-agent")

    def rewrite(self, wanted: "AgentConfig") -> None:
        """Take over everything that a person may state."""
        for stated in fields(self):
            if stated.name not in ("agent_type", "version"):
                setattr(self, stated.name, getattr(wanted, stated.name))

    def tuned(self, config: LLMConfig) -> LLMConfig:
        """The config as this agent calls it."""
        if self.temperature is None and self.max_tokens is None:
            return config
        return replace(
            config,
            temperature=config.temperature if self.temperature is None else self.temperature,
            max_tokens=self.max_tokens or config.max_tokens,
        )
