"""Where tenants, keys, members and the audit log are kept."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    CHAR,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    func,
    inspect,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import NoInspectionAvailable

from ai_platform.kernel.principal import Role
from ai_platform.runtime.db import mapper_registry, metadata
from ai_platform.tenancy.domain.api_key import KEY_NAME_MAX
from ai_platform.tenancy.domain.business_hours import BusinessHours
from ai_platform.tenancy.domain.member import EMAIL_MAX, MEMBER_NAME_MAX, Member
from ai_platform.tenancy.domain.options import SlaTarget, TenantOptions
from ai_platform.tenancy.domain.payment import PaymentOptions, PaymentProvider
from ai_platform.tenancy.domain.tenant import NAME_MAX, WA_SESSION_MAX, Tenant


class _Word(TypeDecorator[StrEnum]):
    """An enumeration's value as text."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: StrEnum | None, dialect: Any) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Any) -> StrEnum | None:  # noqa: ARG002
        return None if value is None else self.kind(value)


class _Hours(TypeDecorator[BusinessHours]):
    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: BusinessHours | None, dialect: Any) -> Any:  # noqa: ARG002
        return {} if value is None else value.stated()

    def process_result_value(self, value: Any, dialect: Any) -> BusinessHours:  # noqa: ARG002
        return BusinessHours.parse(value or {})


class _Options(TypeDecorator[TenantOptions]):
    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: TenantOptions | None, dialect: Any) -> Any:  # noqa: ARG002
        return {} if value is None else asdict(value)

    def process_result_value(self, value: Any, dialect: Any) -> TenantOptions:  # noqa: ARG002
        return options_of(value or {})


class _Payment(TypeDecorator[PaymentOptions]):
    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: PaymentOptions | None, dialect: Any) -> Any:  # noqa: ARG002
        return {} if value is None else asdict(value)

    def process_result_value(self, value: Any, dialect: Any) -> PaymentOptions:  # noqa: ARG002
        return PaymentOptions(is_production=bool((value or {}).get("is_production", False)))


def options_of(stored: Mapping[str, Any]) -> TenantOptions:
    """What is stored, over the defaults; a name of another version of this code is left out."""
    known = {name: stored[name] for name in TenantOptions.__dataclass_fields__ if name in stored}
    targets = {priority: SlaTarget(**target) for priority, target in known.pop("sla", {}).items()}
    return TenantOptions(sla=targets, **known)


_NOW: Final = func.now()


def _moment(name: str, *, known: bool = True) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=not known, server_default=_NOW if known else None)


def _tenant(*, primary_key: bool = False) -> Column[Any]:
    return Column("tenant_id", Uuid(), ForeignKey("tenants.id"), primary_key=primary_key)


tenants: Final = Table(
    "tenants",
    metadata,
    Column("id", Uuid(), primary_key=True),
    Column("name", String(NAME_MAX), nullable=False),
    Column("wa_session", String(WA_SESSION_MAX)),
    Column(
        "llm_config_name", String(255), ForeignKey("llm_configs.name", onupdate="CASCADE"), nullable=False,
        server_default=text("'default-smart'"),
    ),
    Column("agent_prompt", Text, nullable=False, server_default=text("''")),
    Column("agent_enabled", Boolean, nullable=False, server_default=text("true")),
    Column("payment_provider", _Word(PaymentProvider), nullable=False, server_default=text("'midtrans'")),
    Column("payment_options", _Payment, nullable=False, server_default=text("'{}'")),
    Column("currency", CHAR(3), nullable=False, server_default=text("'IDR'")),
    Column("timezone", Text, nullable=False, server_default=text("'Asia/Jakarta'")),
    Column("business_hours", _Hours, nullable=False, server_default=text("'{}'")),
    Column("options", _Options, nullable=False, server_default=text("'{}'")),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    _moment("created_at"),
    _moment("updated_at"),
    Column("version", Integer, nullable=False, server_default=text("1")),
    UniqueConstraint("wa_session"),
    CheckConstraint("payment_provider IN ('midtrans', 'xendit', 'sandbox')", name="payment_provider"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
)  # fmt: skip

tenant_secrets: Final = Table(
    "tenant_secrets",
    metadata,
    _tenant(primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    _moment("updated_at"),
    Index(None, "key_id"),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Uuid(), primary_key=True),
    _tenant(),
    Column("role", _Word(Role), nullable=False),
    Column("name", String(KEY_NAME_MAX), nullable=False),
    Column("prefix", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    _moment("created_at"),
    _moment("last_used_at", known=False),
    _moment("revoked_at", known=False),
    UniqueConstraint("hash"),
    CheckConstraint("role IN ('platform', 'owner', 'agent')", name="role"),
    CheckConstraint("(role = 'platform') = (tenant_id IS NULL)", name="tenant"),
    Index("ix_api_keys_tenant", "tenant_id", "id", postgresql_where=text("revoked_at IS NULL")),
)

members: Final = Table(
    "members",
    metadata,
    Column("id", Uuid(), primary_key=True),
    _tenant(),
    Column("email", String(EMAIL_MAX), nullable=False),
    Column("name", String(MEMBER_NAME_MAX), nullable=False),
    Column("role", _Word(Role), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    _moment("last_sign_in_at", known=False),
    _moment("created_at"),
    _moment("updated_at"),
    Column("version", Integer, nullable=False, server_default=text("1")),
    UniqueConstraint("email"),
    Index("ix_members_tenant", "tenant_id", "id"),
)

member_sessions: Final = Table(
    "member_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    _tenant(),
    Column("member_id", Uuid(), ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    _moment("created_at"),
    _moment("last_used_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_member_sessions_member", "member_id"),
    Index(None, "expires_at"),
)

audit_log: Final = Table(
    "audit_log",
    metadata,
    Column("id", Uuid(), primary_key=True),
    Column("tenant_id", Uuid()),
    _moment("at"),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSONB, nullable=False, server_default=text("'{}'")),
    Column("request_id", Text),
    Index("ix_audit_log_tenant", "tenant_id", "id"),
)


def map_tenancy() -> None:
    """Map the aggregates onto their tables; a second call changes nothing."""
    for aggregate, table in ((Tenant, tenants), (Member, members)):
        if not _is_mapped(aggregate):
            mapper_registry.map_imperatively(aggregate, table, version_id_col=table.c.version)


def _is_mapped(aggregate: type) -> bool:
    try:
        inspect(aggregate)
    except NoInspectionAvailable:
        return False
    return True
