"""Configurations as JSON."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from ai_platform.llm.application.ports import Stamped
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.validation import Action, ResponseRules
from ai_platform.llm.interface.schemas import (
    LARGEST,
    Count,
    Name,
    NewName,
    Price,
    Stated,
    Temperature,
    Variable,
    same_name,
)
from ai_platform.runtime.fields import StoredText


class Rules(BaseModel):
    """What each kind of doubtful answer leads to."""

    model_config = ConfigDict(extra="forbid")

    min_length: int = Field(1, ge=0, le=LARGEST, strict=True)
    on_empty: Action = "retry"
    on_too_short: Action = "accept"
    on_error_indicator: Action = "fallback"
    on_refusal: Action = "accept"
    on_truncated: Action = "accept"


class ConfigReplacement(Stated):
    """A configuration without its name, which the path tells."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "fast", "provider": "openai", "model_name": "gpt-6-luna", "temperature": 0.2}]
        }
    )

    name: Name | None = None
    provider: Annotated[Name, Field(max_length=100)]
    model_name: Name
    api_key_env: Variable | None = Field(None, description="A variable's name; null is the provider's usual one.")
    base_url: Annotated[StoredText, Field(max_length=2048)] | None = None
    temperature: Temperature = 0.7
    max_tokens: Count = 4096
    timeout_seconds: float | None = Field(None, gt=0, le=86_400, strict=True, allow_inf_nan=False)
    max_concurrency: Count | None = None
    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    fallbacks: list[Name] = Field(default_factory=list, max_length=20)
    input_cost_per_mtok: Price | None = None
    output_cost_per_mtok: Price | None = None
    validation: Rules = Field(default_factory=Rules)
    is_active: bool = Field(True, strict=True)

    def config(self, name: str) -> LLMConfig:
        """Raises InvalidInput."""
        same_name(self.name, name)
        stated = self.model_dump(exclude={"name", "fallbacks", "validation"})
        rules = ResponseRules(**self.validation.model_dump())
        return LLMConfig(**stated, name=name, fallbacks=tuple(self.fallbacks), validation=rules)


class NewConfig(ConfigReplacement):
    """A configuration under its name."""

    name: NewName


class ConfigResource(BaseModel):
    """`api_key_env` and `timeout_seconds` are the effective ones."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "fast",
                    "provider": "openai",
                    "model_name": "gpt-6-luna",
                    "api_key_env": "OPENAI_API_KEY",
                    "base_url": None,
                    "temperature": 0.2,
                    "max_tokens": 4096,
                    "timeout_seconds": 120,
                    "fallbacks": ["default-smart"],
                }
            ]
        }
    )

    name: str
    provider: str
    model_name: str
    api_key_env: str | None
    base_url: str | None
    temperature: float
    max_tokens: int
    timeout_seconds: float
    max_concurrency: int | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    fallbacks: list[str]
    input_cost_per_mtok: float | None
    output_cost_per_mtok: float | None
    validation: Rules
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, stamped: Stamped[LLMConfig], default_timeout: float) -> Self:
        config = stamped.row
        derived = {
            "api_key_env": config.key_variable,
            "timeout_seconds": config.timeout_seconds or default_timeout,
            "fallbacks": list(config.fallbacks),
            "validation": config.validation.stated(),
            "created_at": stamped.created_at,
            "updated_at": stamped.updated_at,
        }
        plain = {name: getattr(config, name) for name in cls.model_fields if name not in derived}
        return cls.model_validate({**plain, **derived})


class ConfigPage(BaseModel):
    items: list[ConfigResource]
    next_cursor: str | None
