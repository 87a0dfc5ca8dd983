"""Where payments are kept, with all that was observed and notified of them. Core only: notices come in storms."""

from typing import Any, Final

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ai_platform.commerce.domain.payment import REFERENCE_MAX
from ai_platform.runtime.db import metadata


def _whose(*, known: bool = True) -> Column[Any]:
    return Column("tenant_id", Uuid(), ForeignKey("tenants.id"), nullable=not known)


def _payment(*, known: bool = True, primary_key: bool = False) -> Column[Any]:
    key = ForeignKey("payments.id")
    return Column("payment_id", Uuid(), key, nullable=not known, primary_key=primary_key)


def _moment(name: str, *, known: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=not known)


def _now(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


payments: Final = Table(
    "payments",
    metadata,
    Column("id", Uuid(), primary_key=True),
    _whose(),
    Column("order_id", Uuid(), ForeignKey("orders.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("reference", String(REFERENCE_MAX), nullable=False),
    Column("status", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("wish", Text),
    Column("url", Text),
    Column("provider_id", Text),
    Column("method", Text),
    Column("va_number", Text),
    Column("qr", Text),
    Column("received", BigInteger, nullable=False, server_default=text("0")),
    Column("refunded", BigInteger, nullable=False, server_default=text("0")),
    Column("flags", JSONB, nullable=False, server_default=text("'[]'")),
    Column("reason", String(500)),
    _moment("expires_at", known=True),
    _moment("paid_at"),
    _moment("created_at", known=True),
    _moment("updated_at", known=True),
    Column("version", Integer, nullable=False, server_default=text("1")),
    _moment("check_at"),
    Column("checks", SmallInteger, nullable=False, server_default=text("0")),
    _moment("noticed_at"),
    _moment("opening_until"),
    Column("called_off", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("reference"),
    UniqueConstraint("order_id", "attempt"),
    Index(
        "uq_payments_live",
        "order_id",
        unique=True,
        postgresql_where=text("status IN ('PENDING', 'PENDING_PAYMENT')"),
    ),
    Index("ix_payments_check_at", "check_at", postgresql_where=text("check_at IS NOT NULL")),
    Index("ix_payments_tenant", "tenant_id", "id"),
    Index("ix_payments_flagged", "tenant_id", "id", postgresql_where=text("flags <> '[]'::jsonb")),
)

payment_events: Final = Table(
    "payment_events",
    metadata,
    _payment(primary_key=True),
    Column("seq", Integer, primary_key=True),
    _whose(),
    Column("source", Text, nullable=False),
    Column("transaction_id", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("amount", BigInteger),
    Column("currency", Text),
    Column("refunded", BigInteger, nullable=False, server_default=text("0")),
    Column("method", Text),
    Column("va_number", Text),
    Column("qr", Text),
    _moment("occurred_at"),
    _now("recorded_at"),
)

payment_refunds: Final = Table(
    "payment_refunds",
    metadata,
    Column("id", Uuid(), primary_key=True),
    _whose(),
    _payment(),
    Column("key", String(60), nullable=False, unique=True),
    Column("amount", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("actor", Text, nullable=False),
    Column("by_hand", Boolean, nullable=False, server_default=text("false")),
    Column("status", Text, nullable=False),
    Column("error", String(500)),
    _moment("created_at", known=True),
    _moment("settled_at"),
    Index("uq_payment_refunds_requested", "payment_id", unique=True, postgresql_where=text("status = 'requested'")),
    Index("ix_payment_refunds_payment", "payment_id", "id"),
)

payment_notices: Final = Table(
    "payment_notices",
    metadata,
    Column("id", Uuid(), primary_key=True),
    _whose(known=False),
    _payment(known=False),
    Column("provider", Text, nullable=False),
    Column("reference", Text),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _now("received_at"),
    Index("ix_payment_notices_payment", "payment_id", "id"),
    Index("ix_payment_notices_received_at", "received_at"),
)

payment_quarantine: Final = Table(
    "payment_quarantine",
    metadata,
    Column("notice_id", Uuid(), ForeignKey("payment_notices.id"), primary_key=True),
    _whose(known=False),
    Column("reason", Text, nullable=False),
    _now("created_at"),
    _moment("resolved_at"),
    Index("ix_payment_quarantine_open", "created_at", postgresql_where=text("resolved_at IS NULL")),
)

sandbox_payments: Final = Table(
    "sandbox_payments",
    metadata,
    Column("reference", String(REFERENCE_MAX), primary_key=True),
    _whose(),
    Column("token", Text, nullable=False, unique=True),
    Column("transaction_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("lines", JSONB, nullable=False, server_default=text("'[]'")),
    Column("method", Text),
    Column("status", Text, nullable=False, server_default=text("'waiting'")),
    Column("refunds", JSONB, nullable=False, server_default=text("'{}'")),
    _moment("expires_at", known=True),
    _moment("settled_at"),
)
