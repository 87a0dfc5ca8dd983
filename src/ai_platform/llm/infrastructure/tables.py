"""Where configurations and templates are kept. They are the platform's, so no row belongs to a tenant."""

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    func,
    inspect,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import NoInspectionAvailable

from ai_platform.kernel.errors import InvalidInput
from ai_platform.llm.domain.agent import AgentConfig, AgentType, OnError
from ai_platform.llm.domain.config import NAME_MAX, LLMConfig
from ai_platform.llm.domain.template import PromptTemplate
from ai_platform.llm.domain.validation import ResponseRules
from ai_platform.runtime.db import mapper_registry, metadata


class ResponseRulesColumn(TypeDecorator[ResponseRules]):
    """JSON that anybody may have typed: what cannot be read is told by the rules' `flaw`, not by an error here."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: ResponseRules | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else value.stated()

    def process_result_value(self, value: Any, dialect: Dialect) -> ResponseRules | None:  # noqa: ARG002 - SQLAlchemy's
        if value is None:
            return None
        try:
            return ResponseRules.read(value)
        except InvalidInput as error:
            return ResponseRules(flaw=error.detail)


class Word(TypeDecorator[StrEnum]):
    """Text of which a CHECK allows only the members of one enumeration."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else self.kind(value)


llm_configs: Final = Table(
    "llm_configs",
    metadata,
    Column("name", String(NAME_MAX), primary_key=True),
    Column("provider", String(100), nullable=False),
    Column("model_name", String(NAME_MAX), nullable=False),
    Column("api_key_env", String(NAME_MAX)),
    Column("base_url", String(2048)),
    Column("temperature", Double, nullable=False, server_default=text("0.7")),
    Column("max_tokens", Integer, nullable=False, server_default=text("4096")),
    Column("timeout_seconds", Double),
    Column("input_cost_per_mtok", Numeric(12, 6)),
    Column("output_cost_per_mtok", Numeric(12, 6)),
    Column("max_concurrency", Integer),
    Column("requests_per_minute", Integer),
    Column("tokens_per_minute", Integer),
    Column("fallbacks", ARRAY(Text, as_tuple=True), nullable=False, server_default=text("'{}'")),
    Column("validation", ResponseRulesColumn, nullable=False, server_default=text("'{}'")),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("bound_version", Integer),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("btrim(name) <> ''", name="name"),
    CheckConstraint("btrim(provider) <> ''", name="provider"),
    CheckConstraint("btrim(model_name) <> ''", name="model_name"),
    CheckConstraint("api_key_env ~ '^[A-Za-z_][A-Za-z0-9_]*$'", name="api_key_env"),
    CheckConstraint("base_url ~ '^https?://'", name="base_url"),
    CheckConstraint("temperature BETWEEN 0 AND 2", name="temperature"),
    CheckConstraint("max_tokens >= 1", name="max_tokens"),
    CheckConstraint("timeout_seconds > 0 AND timeout_seconds < 'Infinity'", name="timeout_seconds"),
    CheckConstraint("input_cost_per_mtok >= 0 AND output_cost_per_mtok >= 0", name="costs"),
    CheckConstraint("max_concurrency >= 1", name="max_concurrency"),
    CheckConstraint("requests_per_minute >= 1", name="requests_per_minute"),
    CheckConstraint("tokens_per_minute >= 1", name="tokens_per_minute"),
    CheckConstraint("jsonb_typeof(validation) = 'object'", name="validation"),
)

prompt_templates: Final = Table(
    "prompt_templates",
    metadata,
    Column("name", String(NAME_MAX), primary_key=True),
    Column("content", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("btrim(name) <> ''", name="name"),
    CheckConstraint("octet_length(content) <= 1048576", name="content"),
)

prompt_template_revisions: Final = Table(
    "prompt_template_revisions",
    metadata,
    Column(
        "name",
        String(NAME_MAX),
        ForeignKey("prompt_templates.name", ondelete="CASCADE", onupdate="CASCADE"),
        primary_key=True,
    ),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

agent_configs: Final = Table(
    "agent_configs",
    metadata,
    Column("agent_type", Word(AgentType), primary_key=True),
    Column("config_name", String(NAME_MAX), ForeignKey("llm_configs.name")),
    Column("template_name", String(NAME_MAX), ForeignKey("prompt_templates.name"), nullable=False),
    Column("on_error", Word(OnError), nullable=False, server_default=text("'block'")),
    Column("temperature", Double),
    Column("max_tokens", Integer),
    Column("max_retries", SmallInteger, nullable=False, server_default=text("3")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("agent_type IN ('main', 'fallback', 'followup', 'moderation')", name="agent_type"),
    CheckConstraint("on_error IN ('block', 'allow')", name="on_error"),
    CheckConstraint("temperature BETWEEN 0 AND 2", name="temperature"),
    CheckConstraint("max_tokens >= 1", name="max_tokens"),
    CheckConstraint("max_retries BETWEEN 0 AND 10", name="max_retries"),
)

_KEPT_BY_THE_DATABASE: Final = ("created_at", "updated_at")


def map_llm() -> None:
    """Map the aggregates onto their tables; a second call changes nothing."""
    tables = ((LLMConfig, llm_configs), (PromptTemplate, prompt_templates), (AgentConfig, agent_configs))
    for aggregate, table in tables:
        if not _is_mapped(aggregate):
            mapper_registry.map_imperatively(
                aggregate, table, version_id_col=table.c.version, exclude_properties=_KEPT_BY_THE_DATABASE
            )


def _is_mapped(aggregate: type) -> bool:
    try:
        inspect(aggregate)
    except NoInspectionAvailable:
        return False
    return True
