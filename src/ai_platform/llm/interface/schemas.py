"""Agents as JSON, and what all that operators state has in common."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.llm.application.ports import Stamped
from ai_platform.llm.domain.agent import RETRIES_MAX, AgentConfig, AgentType, OnError
from ai_platform.llm.domain.config import NAME_MAX, TEMPERATURE_MAX
from ai_platform.runtime.fields import SaidText

LARGEST: Final = 2_147_483_647
_KEPT_BY_US: Final = ("version", "revision", "created_at", "updated_at")


def _has_an_address(value: str) -> str:
    """A browser or a proxy resolves dots in a path, so that another row, or none, would answer."""
    if {".", ".."} & set(value.split("/")):
        raise ValueError("must not have a part that is only dots")
    if value.endswith("/revisions"):
        raise ValueError("must not end like the address of revisions")
    return value


Name = Annotated[SaidText, Field(min_length=1, max_length=NAME_MAX)]
NewName = Annotated[Name, AfterValidator(_has_an_address)]
Count = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
Temperature = Annotated[float, Field(ge=0, le=TEMPERATURE_MAX, strict=True, allow_inf_nan=False)]
Price = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6, allow_inf_nan=False)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=NAME_MAX)]


class Stated(BaseModel):
    """What a caller states. What we keep may come along, so that an answer can be edited and sent back."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_what_we_keep(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if name not in _KEPT_BY_US}


def same_name(stated: str | None, path: str, field: str = "name") -> None:
    """Raises InvalidInput for a body that is another's: a name is not changed."""
    if stated is not None and stated != path:
        msg = f"This is '{path}'; a name cannot be changed."
        raise InvalidInput(msg, violations=(Violation((field,), msg, "name_fixed"),))


class AgentReplacement(Stated):
    """What an agent works with. A `config_name` of null is the job's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"config_name": "default-fast", "template_name": "moderation-agent", "on_error": "block"}]
        }
    )

    agent_type: str | None = None
    config_name: Name | None = None
    template_name: Name
    on_error: Literal["block", "allow"] = "block"
    temperature: Temperature | None = None
    max_tokens: Count | None = None
    max_retries: int = Field(3, ge=0, le=RETRIES_MAX, strict=True)

    def agent(self, agent_type: AgentType) -> AgentConfig:
        """Raises InvalidInput."""
        same_name(self.agent_type, agent_type.value, "agent_type")
        stated = self.model_dump(exclude={"agent_type", "on_error"})
        return AgentConfig(**stated, agent_type=agent_type, on_error=OnError(self.on_error))


class AgentResource(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "agent_type": "moderation",
                    "config_name": "default-fast",
                    "template_name": "moderation-agent",
                    "on_error": "block",
                    "temperature": None,
                    "max_tokens": None,
                    "max_retries": 3,
                }
            ]
        }
    )

    agent_type: AgentType
    config_name: str | None
    template_name: str
    on_error: OnError
    temperature: float | None
    max_tokens: int | None
    max_retries: int
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, stamped: Stamped[AgentConfig]) -> Self:
        kept = {"created_at": stamped.created_at, "updated_at": stamped.updated_at}
        return cls(**{name: getattr(stamped.row, name) for name in cls.model_fields if name not in kept}, **kept)


class AgentPage(BaseModel):
    items: list[AgentResource]
    next_cursor: None = None
