"""Where customers are kept, and everything they are known by."""

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ai_platform.runtime.db import metadata

CUSTOMER_NAME_MAX: Final = 255
EMAIL_MAX: Final = 254

customers: Final = Table(
    "customers",
    metadata,
    Column("id", Uuid(), primary_key=True),
    Column("tenant_id", Uuid(), ForeignKey("tenants.id"), nullable=False),
    Column("phone_number", Text),
    Column("wa_chat_id", Text),
    Column("name", String(CUSTOMER_NAME_MAX)),
    Column("email", String(EMAIL_MAX)),
    Column("address", JSONB),
    Column("tags", JSONB, nullable=False, server_default=text("'[]'")),
    Column("erased_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("version", Integer, nullable=False, server_default=text("1")),
    CheckConstraint(r"phone_number ~ '^\+[1-9][0-9]{6,14}$'", name="phone_number"),
    Index("ix_customers_tenant", "tenant_id", "id"),
    UniqueConstraint("tenant_id", "id"),
)

customer_aliases: Final = Table(
    "customer_aliases",
    metadata,
    Column("tenant_id", Uuid(), ForeignKey("tenants.id"), primary_key=True),
    Column("alias", Text(collation="C"), primary_key=True),
    Column("customer_id", Uuid(), ForeignKey("customers.id"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_customer_aliases_customer", "customer_id"),
)

customer_words: Final = Table(
    "customer_words",
    metadata,
    Column("tenant_id", Uuid(), ForeignKey("tenants.id"), primary_key=True),
    Column("word", Text(collation="C"), primary_key=True),
    Column("customer_id", Uuid(), ForeignKey("customers.id"), primary_key=True),
    Index("ix_customer_words_customer", "customer_id"),
)
