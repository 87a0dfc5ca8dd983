"""Payments with everything that was observed of them, refunds, notifications as they came, and the sandbox's books."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NOW = sa.func.now()
APP, WORKER = "ai_platform_app", "ai_platform_worker"
LARGEST = 10**12
STATUSES = "'PENDING', 'PENDING_PAYMENT', 'PAID', 'FAILED', 'EXPIRED', 'CANCELLED', 'REFUNDED', 'PARTIALLY_REFUNDED'"
LIVE = "status IN ('PENDING', 'PENDING_PAYMENT')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_payments()
    create_payment_events()
    create_payment_refunds()
    create_payment_notices()
    create_payment_quarantine()
    create_sandbox_payments()


def create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), primary_key=True),
        tenant_id("payments"),
        order_id("payments"),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("attempt", sa.SmallInteger, nullable=False),
        # one for the whole installation: tenants may share a provider's account, and notices name nothing else
        sa.Column("reference", sa.String(50), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("wish", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("provider_id", sa.Text),
        sa.Column("method", sa.Text),
        sa.Column("va_number", sa.Text),
        sa.Column("qr", sa.Text),
        sa.Column("received", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("refunded", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("flags", JSONB, nullable=False, server_default="[]"),
        sa.Column("reason", sa.String(500)),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        # when the provider is asked next; a notification makes it now
        sa.Column("check_at", sa.DateTime(timezone=True)),
        sa.Column("checks", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("noticed_at", sa.DateTime(timezone=True)),
        sa.Column("opening_until", sa.DateTime(timezone=True)),
        sa.Column("called_off", sa.Boolean, nullable=False, server_default="false"),
        sa.UniqueConstraint("reference", name="uq_payments_reference"),
        sa.UniqueConstraint("order_id", "attempt", name="uq_payments_order_id_attempt"),
        sa.CheckConstraint("provider IN ('midtrans', 'xendit', 'sandbox')", name=op.f("ck_payments_provider")),
        sa.CheckConstraint(f"status IN ({STATUSES})", name=op.f("ck_payments_status")),
        sa.CheckConstraint(f"amount BETWEEN 1 AND {LARGEST}", name=op.f("ck_payments_amount")),
        sa.CheckConstraint("received >= 0 AND refunded >= 0", name=op.f("ck_payments_money")),
    )
    op.create_index("uq_payments_live", "payments", ["order_id"], unique=True, postgresql_where=sa.text(LIVE))
    op.create_index(
        "ix_payments_check_at", "payments", ["check_at"], postgresql_where=sa.text("check_at IS NOT NULL")
    )  # fmt: skip
    op.create_index("ix_payments_tenant", "payments", ["tenant_id", "id"])
    op.create_index(
        "ix_payments_flagged", "payments", ["tenant_id", "id"], postgresql_where=sa.text("flags <> '[]'::jsonb")
    )
    op.execute("ALTER TABLE payments SET (fillfactor = 85)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON payments TO {APP}, {WORKER}")
    secure("payments")


def create_payment_events() -> None:
    op.create_table(
        "payment_events",
        payment_id("payment_events", primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        tenant_id("payment_events"),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("transaction_id", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("refunded", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("method", sa.Text),
        sa.Column("va_number", sa.Text),
        sa.Column("qr", sa.Text),
        sa.Column("occurred_at", sa.DateTime(timezone=True)),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
    )
    append_only("payment_events")


def create_payment_refunds() -> None:
    op.create_table(
        "payment_refunds",
        sa.Column("id", sa.Uuid(), primary_key=True),
        tenant_id("payment_refunds"),
        payment_id("payment_refunds"),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("by_hand", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("error", sa.String(500)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("key", name="uq_payment_refunds_key"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_refunds_amount")),
        sa.CheckConstraint("status IN ('requested', 'done', 'refused')", name=op.f("ck_payment_refunds_status")),
    )
    # one at a time: a second one waits until the provider's word on the first is known
    op.create_index(
        "uq_payment_refunds_requested", "payment_refunds", ["payment_id"], unique=True,
        postgresql_where=sa.text("status = 'requested'"),
    )  # fmt: skip
    op.create_index("ix_payment_refunds_payment", "payment_refunds", ["payment_id", "id"])
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON payment_refunds TO {APP}, {WORKER}")
    secure("payment_refunds")


def create_payment_notices() -> None:
    op.create_table(
        "payment_notices",
        sa.Column("id", sa.Uuid(), primary_key=True),
        # null: of nobody that we know
        tenant_id("payment_notices", nullable=True),
        payment_id("payment_notices", nullable=True),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
    )
    op.create_index("ix_payment_notices_payment", "payment_notices", ["payment_id", "id"])
    append_only("payment_notices")


def create_payment_quarantine() -> None:
    op.create_table(
        "payment_quarantine",
        sa.Column(
            "notice_id", sa.Uuid(), sa.ForeignKey("payment_notices.id", name="fk_payment_quarantine_notice_id"),
            primary_key=True,
        ),
        tenant_id("payment_quarantine", nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    op.create_index(
        "ix_payment_quarantine_open", "payment_quarantine", ["created_at"],
        postgresql_where=sa.text("resolved_at IS NULL"),
    )  # fmt: skip
    op.execute(f"GRANT SELECT, INSERT, UPDATE (resolved_at) ON payment_quarantine TO {APP}, {WORKER}")
    secure("payment_quarantine")


def create_sandbox_payments() -> None:
    """The books of a provider that exists in development only; nothing else refers to them."""
    op.create_table(
        "sandbox_payments",
        sa.Column("reference", sa.String(50), primary_key=True),
        tenant_id("sandbox_payments"),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("transaction_id", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("method", sa.Text),
        sa.Column("status", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("refunds", JSONB, nullable=False, server_default="{}"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("token", name="uq_sandbox_payments_token"),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON sandbox_payments TO {APP}, {WORKER}")
    secure("sandbox_payments")


def tenant_id(table: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(
        "tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id", name=f"fk_{table}_tenant_id"), nullable=nullable
    )  # fmt: skip


def order_id(table: str) -> sa.Column[object]:
    key = sa.ForeignKey("orders.id", name=f"fk_{table}_order_id")
    return sa.Column("order_id", sa.Uuid(), key, nullable=False)


def payment_id(table: str, *, primary_key: bool = False, nullable: bool = False) -> sa.Column[object]:
    payment = sa.ForeignKey("payments.id", name=f"fk_{table}_payment_id")
    return sa.Column("payment_id", sa.Uuid(), payment, primary_key=primary_key, nullable=nullable)


def append_only(table: str) -> None:
    """Nobody changes or deletes a row."""
    op.execute(f"GRANT SELECT, INSERT ON {table} TO {APP}, {WORKER}")
    secure(table)


def secure(table: str) -> None:
    """One tenant's rows for the app role, all for the worker role."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    own = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"
    op.execute(f"CREATE POLICY tenant_rows ON {table} TO {APP} USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY all_rows ON {table} TO {WORKER} USING (true) WITH CHECK (true)")


def downgrade() -> None:
    for table in (
        "sandbox_payments", "payment_quarantine", "payment_notices", "payment_refunds", "payment_events", "payments",
    ):  # fmt: skip
        op.drop_table(table)
