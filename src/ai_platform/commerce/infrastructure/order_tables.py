"""Where orders are kept, what is reserved for them, and summaries that wait to be confirmed."""

from typing import Any, Final

from sqlalchemy import (
    CHAR,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ai_platform.commerce.domain.order import REASON_MAX
from ai_platform.commerce.domain.order_changes import TRACKING_MAX
from ai_platform.commerce.domain.order_line import LINE_NAME_MAX
from ai_platform.commerce.domain.order_number import NUMBER_MAX
from ai_platform.commerce.domain.variant import SKU_MAX
from ai_platform.runtime.db import metadata


def _moment(name: str, *, known: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=not known)


def _whose() -> Column[Any]:
    return Column("tenant_id", Uuid(), ForeignKey("tenants.id"), nullable=False)


def _of(column: str, table: str) -> Column[Any]:
    return Column(column, Uuid(), ForeignKey(f"{table}.id"), nullable=False)


orders: Final = Table(
    "orders",
    metadata,
    Column("id", Uuid(), primary_key=True),
    _whose(),
    Column("number", String(NUMBER_MAX), nullable=False),
    Column("customer_id", Uuid(), nullable=False),
    Column("conversation_id", Uuid()),
    Column("status", Text, nullable=False, server_default=text("'PENDING'")),
    Column("payment_status", Text, nullable=False, server_default=text("'PENDING'")),
    Column("payment_id", Uuid()),
    Column("hold", Text),
    Column("shipping_cost", BigInteger, nullable=False, server_default=text("0")),
    Column("total", BigInteger, nullable=False, server_default=text("0")),
    Column("refunded", BigInteger, nullable=False, server_default=text("0")),
    Column("currency", CHAR(3), nullable=False),
    Column("shipping_address", JSONB(none_as_null=True)),
    Column("notes", Text),
    Column("tracking_number", String(TRACKING_MAX)),
    Column("cancel_reason", String(REASON_MAX)),
    _moment("confirmed_at"),
    _moment("expires_at"),
    _moment("paid_at"),
    _moment("created_at", known=True),
    _moment("updated_at", known=True),
    Column("version", Integer, nullable=False, server_default=text("1")),
    UniqueConstraint("number"),
    ForeignKeyConstraint(
        ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"], name="fk_orders_customer_id"
    ),
    CheckConstraint("status <> 'CONFIRMED' OR expires_at IS NOT NULL", name="expiry"),
    Index("ix_orders_tenant", "tenant_id", "id"),
    Index("ix_orders_tenant_status", "tenant_id", "status", "id"),
    Index("ix_orders_customer", "tenant_id", "customer_id", "id"),
    Index("ix_orders_conversation", "conversation_id", "id", postgresql_where=text("conversation_id IS NOT NULL")),
    Index("ix_orders_expiring", "expires_at", postgresql_where=text("status = 'CONFIRMED'")),
)

order_items: Final = Table(
    "order_items",
    metadata,
    Column("id", Uuid(), primary_key=True),
    _whose(),
    _of("order_id", "orders"),
    _of("product_id", "products"),
    _of("variant_id", "product_variants"),
    Column("sku", String(SKU_MAX), nullable=False),
    Column("name", String(LINE_NAME_MAX), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    UniqueConstraint("order_id", "variant_id"),
)

stock_reservations: Final = Table(
    "stock_reservations",
    metadata,
    Column("id", Uuid(), primary_key=True),
    _whose(),
    _of("order_id", "orders"),
    _of("variant_id", "product_variants"),
    Column("quantity", Integer, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'held'")),
    _moment("created_at", known=True),
    _moment("settled_at"),
    _moment("returned_at"),
    Index("ix_stock_reservations_order", "order_id"),
    Index(
        "uq_stock_reservations_held", "order_id", "variant_id", unique=True, postgresql_where=text("status = 'held'")
    ),
    Index("ix_stock_reservations_variant", "variant_id", postgresql_where=text("status = 'held'")),
)

order_confirmations: Final = Table(
    "order_confirmations",
    metadata,
    Column("id", Uuid(), primary_key=True),
    _whose(),
    _of("order_id", "orders"),
    Column("action", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("conversation_id", Uuid()),
    Column("shipping_address", JSONB(none_as_null=True)),
    _moment("created_at", known=True),
    _moment("expires_at", known=True),
    _moment("used_at"),
    UniqueConstraint("token_hash"),
    Index("ix_order_confirmations_order", "order_id"),
    Index("ix_order_confirmations_expires_at", "expires_at"),
)
