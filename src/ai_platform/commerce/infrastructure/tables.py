"""Where products, their variants and every movement of stock are kept."""

from typing import Any, Final

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
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
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from ai_platform.commerce.domain.product import CATEGORY_MAX, PRODUCT_NAME_MAX
from ai_platform.commerce.domain.variant import REASON_MAX, SKU_MAX, VARIANT_NAME_MAX
from ai_platform.kernel.money import AMOUNT_MAX
from ai_platform.runtime.db import metadata


def moment(name: str, *, known: bool = True) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=not known, server_default=func.now() if known else None)


def whose(*, primary_key: bool = False) -> Column[Any]:
    return Column("tenant_id", Uuid(), ForeignKey("tenants.id"), nullable=False, primary_key=primary_key)


products: Final = Table(
    "products",
    metadata,
    Column("id", Uuid(), primary_key=True),
    whose(),
    Column("name", String(PRODUCT_NAME_MAX), nullable=False),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("category", String(CATEGORY_MAX)),
    Column("base_price", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("images", JSONB, nullable=False, server_default=text("'[]'")),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("searched_name", Text, nullable=False, server_default=text("''")),
    Column("search", TSVECTOR, nullable=False, server_default=text("''")),
    moment("created_at"),
    moment("updated_at"),
    Column("version", Integer, nullable=False, server_default=text("1")),
    CheckConstraint(f"base_price BETWEEN 0 AND {AMOUNT_MAX}", name="base_price"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    Index("ix_products_tenant", "tenant_id", "id"),
    Index("ix_products_category", "tenant_id", "category", "id"),
    Index("ix_products_name", "tenant_id", "name", "id"),
    Index("ix_products_search", "search", postgresql_using="gin"),
)

product_variants: Final = Table(
    "product_variants",
    metadata,
    Column("id", Uuid(), primary_key=True),
    whose(),
    Column("product_id", Uuid(), ForeignKey("products.id"), nullable=False),
    Column("sku", String(SKU_MAX), nullable=False),
    Column("sku_key", Text(collation="C"), Computed("lower(sku)", persisted=True), nullable=False),
    Column("name", String(VARIANT_NAME_MAX), nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("stock", Integer, nullable=False, server_default=text("0")),
    Column("reserved", Integer, nullable=False, server_default=text("0")),
    Column("attributes", JSONB, nullable=False, server_default=text("'{}'")),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("position", Integer, nullable=False, server_default=text("0")),
    moment("created_at"),
    moment("updated_at"),
    UniqueConstraint("tenant_id", "sku_key"),
    CheckConstraint(f"price BETWEEN 0 AND {AMOUNT_MAX}", name="price"),
    CheckConstraint("0 <= reserved AND reserved <= stock", name="stock"),
    Index("ix_product_variants_product", "product_id", "position", "id"),
)

stock_moves: Final = Table(
    "stock_moves",
    metadata,
    Column("id", Uuid(), primary_key=True),
    whose(),
    Column("variant_id", Uuid(), ForeignKey("product_variants.id"), nullable=False),
    Column("delta", Integer, nullable=False),
    Column("reason", String(REASON_MAX), nullable=False, server_default=text("''")),
    Column("kind", Text, nullable=False),
    Column("order_id", Uuid()),
    Column("actor", Text, nullable=False),
    moment("created_at"),
    Index("ix_stock_moves_variant", "variant_id", "id"),
    Index(
        "uq_stock_moves_order", "order_id", "variant_id", "kind", unique=True,
        postgresql_where=text("order_id IS NOT NULL"),
    ),
)  # fmt: skip

product_words: Final = Table(
    "product_words",
    metadata,
    whose(primary_key=True),
    Column("key", Text(collation="C"), primary_key=True),
    Column("word", Text(collation="C"), primary_key=True),
)
