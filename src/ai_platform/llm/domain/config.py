"""One way to reach one model: provider, model, limits and prices, under the name that callers use."""

from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Final

from ai_platform.kernel.aggregate import Aggregate
from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.llm.domain.calls import Tokens
from ai_platform.llm.domain.validation import ResponseRules

NAME_MAX: Final = 255
TEMPERATURE_MAX: Final = 2.0
DEMO: Final = "demo"

_KEY_VARIABLES: Final = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_MILLION: Final = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Binding:
    """A provider and its model with their prices in USD per million tokens."""

    provider: str
    model_name: str
    input_cost_per_mtok: Decimal | None
    output_cost_per_mtok: Decimal | None


@dataclass(eq=False, kw_only=True)
class LLMConfig(Aggregate):
    """A configuration is changed while the platform runs and never holds a key, only the name of its variable.

    `temperature` is left out of calls to models that refuse it. `timeout_seconds` None means the platform's
    default. `version` grows with every change of the row, by whomever; `bound_version` is the version that the
    platform's own last binding wrote, so a row whose two versions differ was changed by a person since.
    The limits hold for all workers together, None is no limit. `fallbacks` are configs that are asked, in this
    order, when this one has no answer.
    """

    name: str
    provider: str
    model_name: str
    api_key_env: str | None = None
    base_url: str | None = None
    temperature: float = 0.7
    max_tokens: int = 4096
    timeout_seconds: float | None = None
    input_cost_per_mtok: Decimal | None = None
    output_cost_per_mtok: Decimal | None = None
    max_concurrency: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    fallbacks: tuple[str, ...] = ()
    validation: ResponseRules = field(default_factory=ResponseRules)
    is_active: bool = True
    version: int = 1
    bound_version: int | None = None

    def __post_init__(self) -> None:
        wrong = tuple(
            Violation((name,), message, "out_of_range") for name, holds, message in self._limits() if not holds
        )
        if wrong:
            raise InvalidInput(f"The configuration is not valid: {wrong[0].msg}", violations=wrong)

    def _limits(self) -> tuple[tuple[str, bool, str], ...]:
        return (
            ("name", 1 <= len(self.name) <= NAME_MAX, f"A name has 1 to {NAME_MAX} characters."),
            ("provider", bool(self.provider), "A provider is needed."),
            ("model_name", bool(self.model_name), "A model is needed."),
            ("temperature", 0 <= self.temperature <= TEMPERATURE_MAX, f"0 to {TEMPERATURE_MAX:g}."),
            ("max_tokens", self.max_tokens >= 1, "At least one token."),
            ("timeout_seconds", self.timeout_seconds is None or self.timeout_seconds > 0, "More than zero seconds."),
            ("input_cost_per_mtok", (self.input_cost_per_mtok or 0) >= 0, "A price is not negative."),
            ("output_cost_per_mtok", (self.output_cost_per_mtok or 0) >= 0, "A price is not negative."),
            ("max_concurrency", _at_least_one(self.max_concurrency), "At least one call at a time."),
            ("requests_per_minute", _at_least_one(self.requests_per_minute), "At least one request a minute."),
            ("tokens_per_minute", _at_least_one(self.tokens_per_minute), "At least one token a minute."),
            ("fallbacks", self.name not in self.fallbacks, "A configuration is no fallback of its own."),
        )

    @property
    def key_variable(self) -> str | None:
        """The environment variable that holds the key; None where the provider's own package finds its key."""
        return self.api_key_env or _KEY_VARIABLES.get(self.provider)

    @property
    def is_edited(self) -> bool:
        """Whether a person made this row or changed it since the platform last bound it."""
        return self.bound_version != self.version

    def bind(self, binding: Binding) -> None:
        """Point an unedited configuration at another provider; an edited one belongs to its editor and stays."""
        if self.is_edited or (self.provider, self.model_name) == (binding.provider, binding.model_name):
            return
        self.provider = binding.provider
        self.model_name = binding.model_name
        self.input_cost_per_mtok = binding.input_cost_per_mtok
        self.output_cost_per_mtok = binding.output_cost_per_mtok
        self.bound_version = self.version + 1

    def rewrite(self, wanted: "LLMConfig") -> None:
        """Take over everything that a person may state; the name stays."""
        for stated in fields(self):
            if stated.name not in ("name", "version", "bound_version"):
                setattr(self, stated.name, getattr(wanted, stated.name))

    def cost(self, tokens: Tokens) -> Decimal | None:
        """USD for one call at list prices; None while a price is missing."""
        if self.input_cost_per_mtok is None or self.output_cost_per_mtok is None:
            return None
        return (tokens.input * self.input_cost_per_mtok + tokens.output * self.output_cost_per_mtok) / _MILLION


def _at_least_one(limit: int | None) -> bool:
    return limit is None or limit >= 1
