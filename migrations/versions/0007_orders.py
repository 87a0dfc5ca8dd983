"""Orders with their lines, what is reserved for them, and summaries that wait to be confirmed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NOW = sa.func.now()
APP, WORKER = "ai_platform_app", "ai_platform_worker"
LARGEST = 10**12
STATUSES = "'PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'CANCELLED'"
PAYMENT_STATUSES = (
    "'PENDING', 'PENDING_PAYMENT', 'PAID', 'FAILED', 'EXPIRED', 'CANCELLED', 'REFUNDED', 'PARTIALLY_REFUNDED'"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_orders()
    create_order_items()
    create_stock_reservations()
    create_order_confirmations()


def create_orders() -> None:
    # an order's customer is one of its own tenant's; the database sees to that
    op.create_unique_constraint("uq_customers_tenant_id_id", "customers", ["tenant_id", "id"])
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), primary_key=True),
        tenant_id("orders"),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid()),
        sa.Column("status", sa.Text, nullable=False, server_default="PENDING"),
        sa.Column("payment_status", sa.Text, nullable=False, server_default="PENDING"),
        sa.Column("payment_id", sa.Uuid()),
        sa.Column("hold", sa.Text),
        sa.Column("shipping_cost", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("total", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("refunded", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("shipping_address", JSONB),
        sa.Column("notes", sa.Text),
        sa.Column("tracking_number", sa.String(100)),
        sa.Column("cancel_reason", sa.String(500)),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        # payments carry the number to the provider, where tenants may share an account
        sa.UniqueConstraint("number", name="uq_orders_number"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"], name="fk_orders_customer_id"
        ),
        sa.CheckConstraint(f"status IN ({STATUSES})", name=op.f("ck_orders_status")),
        sa.CheckConstraint(f"payment_status IN ({PAYMENT_STATUSES})", name=op.f("ck_orders_payment_status")),
        sa.CheckConstraint(f"shipping_cost BETWEEN 0 AND {LARGEST}", name=op.f("ck_orders_shipping_cost")),
        sa.CheckConstraint(f"total BETWEEN 0 AND {LARGEST}", name=op.f("ck_orders_total")),
        sa.CheckConstraint("refunded BETWEEN 0 AND total", name=op.f("ck_orders_refunded")),
        sa.CheckConstraint("status <> 'CONFIRMED' OR expires_at IS NOT NULL", name=op.f("ck_orders_expiry")),
    )
    op.create_index("ix_orders_tenant", "orders", ["tenant_id", "id"])
    op.create_index("ix_orders_tenant_status", "orders", ["tenant_id", "status", "id"])
    op.create_index("ix_orders_customer", "orders", ["tenant_id", "customer_id", "id"])
    op.create_index(
        "ix_orders_conversation", "orders", ["conversation_id", "id"],
        postgresql_where=sa.text("conversation_id IS NOT NULL"),
    )  # fmt: skip
    op.create_index("ix_orders_expiring", "orders", ["expires_at"], postgresql_where=sa.text("status = 'CONFIRMED'"))
    op.execute("ALTER TABLE orders SET (fillfactor = 85)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON orders TO {APP}, {WORKER}")
    secure("orders")


def create_order_items() -> None:
    op.create_table(
        "order_items",
        sa.Column("id", sa.Uuid(), primary_key=True),
        tenant_id("order_items"),
        reference("order_items", "order_id", "orders"),
        reference("order_items", "product_id", "products"),
        reference("order_items", "variant_id", "product_variants"),
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("name", sa.String(520), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit_price", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.UniqueConstraint("order_id", "variant_id", name="uq_order_items_order_id_variant_id"),
        sa.CheckConstraint("quantity BETWEEN 1 AND 999", name=op.f("ck_order_items_quantity")),
        sa.CheckConstraint(f"unit_price BETWEEN 0 AND {LARGEST}", name=op.f("ck_order_items_unit_price")),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON order_items TO {APP}, {WORKER}")
    secure("order_items")


def create_stock_reservations() -> None:
    op.create_table(
        "stock_reservations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        tenant_id("stock_reservations"),
        reference("stock_reservations", "order_id", "orders"),
        reference("stock_reservations", "variant_id", "product_variants"),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False, server_default="held"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        # of what was consumed and came back
        sa.Column("returned_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_reservations_quantity")),
        sa.CheckConstraint("status IN ('held', 'consumed', 'released')", name=op.f("ck_stock_reservations_status")),
        sa.CheckConstraint("(status = 'held') = (settled_at IS NULL)", name=op.f("ck_stock_reservations_settled")),
        sa.CheckConstraint(
            "returned_at IS NULL OR status = 'consumed'", name=op.f("ck_stock_reservations_returned")
        ),
    )  # fmt: skip
    op.create_index("ix_stock_reservations_order", "stock_reservations", ["order_id"])
    op.create_index(
        "uq_stock_reservations_held", "stock_reservations", ["order_id", "variant_id"], unique=True,
        postgresql_where=sa.text("status = 'held'"),
    )  # fmt: skip
    op.create_index(
        "ix_stock_reservations_variant", "stock_reservations", ["variant_id"],
        postgresql_where=sa.text("status = 'held'"),
    )  # fmt: skip
    op.execute("ALTER TABLE stock_reservations SET (fillfactor = 85)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON stock_reservations TO {APP}, {WORKER}")
    secure("stock_reservations")


def create_order_confirmations() -> None:
    """Tokens of the second step. The token itself is not kept, only its hash."""
    op.create_table(
        "order_confirmations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        tenant_id("order_confirmations"),
        reference("order_confirmations", "order_id", "orders"),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("conversation_id", sa.Uuid()),
        sa.Column("shipping_address", JSONB),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("token_hash", name="uq_order_confirmations_token_hash"),
        sa.CheckConstraint("action IN ('confirm', 'cancel', 'payment')", name=op.f("ck_order_confirmations_action")),
    )
    op.create_index("ix_order_confirmations_order", "order_confirmations", ["order_id"])
    op.create_index("ix_order_confirmations_expires_at", "order_confirmations", ["expires_at"])
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON order_confirmations TO {APP}, {WORKER}")
    secure("order_confirmations")


def tenant_id(table: str) -> sa.Column[object]:
    return sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id", name=f"fk_{table}_tenant_id"), nullable=False)


def reference(table: str, column: str, other: str) -> sa.Column[object]:
    return sa.Column(column, sa.Uuid(), sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}"), nullable=False)


def secure(table: str) -> None:
    """One tenant's rows for the app role, all for the worker role."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    own = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"
    op.execute(f"CREATE POLICY tenant_rows ON {table} TO {APP} USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY all_rows ON {table} TO {WORKER} USING (true) WITH CHECK (true)")


def downgrade() -> None:
    for table in ("order_confirmations", "stock_reservations", "order_items", "orders"):
        op.drop_table(table)
    op.drop_constraint("uq_customers_tenant_id_id", "customers")
