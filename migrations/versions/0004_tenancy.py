"""Tenants to the full, their sealed secrets, API keys, members with their sessions, and the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOW = sa.func.now()
APP, WORKER = "ai_platform_app", "ai_platform_worker"

# What its owner may change of a tenant; whether it is active is the platform's alone.
OWNERS_COLUMNS = (
    "name, wa_session, llm_config_name, agent_prompt, agent_enabled, payment_provider, payment_options, currency, "
    "timezone, business_hours, options, version, updated_at"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    extend_tenants()
    create_tenant_secrets()
    create_api_keys()
    create_members()
    create_member_sessions()
    create_audit_log()


def extend_tenants() -> None:
    for column in (
        sa.Column("wa_session", sa.String(100)),
        sa.Column("llm_config_name", sa.String(255), nullable=False, server_default="default-smart"),
        sa.Column("agent_prompt", sa.Text, nullable=False, server_default=""),
        sa.Column("agent_enabled", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("payment_provider", sa.Text, nullable=False, server_default="midtrans"),
        # what of payment_config is no secret; the rest is in tenant_secrets
        sa.Column("payment_options", JSONB, nullable=False, server_default="{}"),
        sa.Column("currency", sa.CHAR(3), nullable=False, server_default="IDR"),
        sa.Column("timezone", sa.Text, nullable=False, server_default="Asia/Jakarta"),
        sa.Column("business_hours", JSONB, nullable=False, server_default="{}"),
        sa.Column("options", JSONB, nullable=False, server_default="{}"),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
    ):
        op.add_column("tenants", column)
    # WAHA's own first session has this name
    op.execute("UPDATE tenants SET wa_session = 'default' WHERE id = '00000000-0000-7000-8000-000000000001'")
    op.create_unique_constraint("uq_tenants_wa_session", "tenants", ["wa_session"])
    op.create_foreign_key(
        "fk_tenants_llm_config_name", "tenants", "llm_configs", ["llm_config_name"], ["name"], onupdate="CASCADE"
    )
    for name, rule in (
        ("payment_provider", "payment_provider IN ('midtrans', 'xendit', 'sandbox')"),
        ("currency", "currency ~ '^[A-Z]{3}$'"),
        ("payment_options", "jsonb_typeof(payment_options) = 'object'"),
        ("business_hours", "jsonb_typeof(business_hours) = 'object'"),
        ("options", "jsonb_typeof(options) = 'object'"),
    ):
        op.create_check_constraint(op.f(f"ck_tenants_{name}"), "tenants", rule)
    op.execute(f"GRANT UPDATE ({OWNERS_COLUMNS}) ON tenants TO {APP}")
    op.execute(f"GRANT INSERT, UPDATE ON tenants TO {WORKER}")


def create_tenant_secrets() -> None:
    op.create_table(
        "tenant_secrets",
        tenant_id("tenant_secrets", primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        # of which key of SECRETS_KEY it needs; nothing can be learnt of the key from it
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
    )
    op.create_index("ix_tenant_secrets_key_id", "tenant_secrets", ["key_id"])
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_secrets TO {APP}, {WORKER}")
    secure("tenant_secrets")


def create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), primary_key=True),
        # null: a platform key
        tenant_id("api_keys", nullable=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
        sa.CheckConstraint("role IN ('platform', 'owner', 'agent')", name=op.f("ck_api_keys_role")),
        sa.CheckConstraint("(role = 'platform') = (tenant_id IS NULL)", name=op.f("ck_api_keys_tenant")),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_api_keys_hash")),
    )
    op.create_index(
        "ix_api_keys_tenant", "api_keys", ["tenant_id", "id"], postgresql_where=sa.text("revoked_at IS NULL")
    )
    # the hash itself is read by the look-up alone
    op.execute(
        f"GRANT SELECT (id, tenant_id, role, name, prefix, created_at, last_used_at, revoked_at) ON api_keys TO {APP}"
    )
    op.execute(f"GRANT INSERT, UPDATE (revoked_at) ON api_keys TO {APP}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys TO {WORKER}")
    secure("api_keys")


def create_members() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), primary_key=True),
        # null: the platform's own staff
        tenant_id("members", nullable=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.UniqueConstraint("email", name="uq_members_email"),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_members_email")),
        sa.CheckConstraint("role IN ('platform', 'owner', 'agent')", name=op.f("ck_members_role")),
        sa.CheckConstraint("(role = 'platform') = (tenant_id IS NULL)", name=op.f("ck_members_tenant")),
    )
    op.create_index("ix_members_tenant", "members", ["tenant_id", "id"])
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON members TO {APP}, {WORKER}")
    secure("members")


def create_member_sessions() -> None:
    """A token is looked up before anybody knows whose it is, so the app role can end sessions and not read them."""
    op.create_table(
        "member_sessions",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        tenant_id("member_sessions", nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_member_sessions_member_id", ondelete="CASCADE"
        ),
    )  # fmt: skip
    op.create_index("ix_member_sessions_member", "member_sessions", ["member_id"])
    op.create_index("ix_member_sessions_expires_at", "member_sessions", ["expires_at"])
    op.execute(f"GRANT SELECT (member_id, tenant_id), DELETE ON member_sessions TO {APP}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON member_sessions TO {WORKER}")
    secure("member_sessions")


def create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), primary_key=True),
        # null: what concerns no tenant; no foreign key, so that nothing can keep an entry out
        sa.Column("tenant_id", sa.Uuid()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("details", JSONB, nullable=False, server_default="{}"),
        sa.Column("request_id", sa.Text),
    )
    op.create_index("ix_audit_log_tenant", "audit_log", ["tenant_id", "id"])
    # nobody changes or deletes an entry
    op.execute(f"GRANT SELECT, INSERT ON audit_log TO {APP}, {WORKER}")
    secure("audit_log")


def tenant_id(table: str, *, primary_key: bool = False, nullable: bool = False) -> sa.Column[object]:
    tenant = sa.ForeignKey("tenants.id", name=f"fk_{table}_tenant_id")
    return sa.Column("tenant_id", sa.Uuid(), tenant, primary_key=primary_key, nullable=nullable)


def secure(table: str) -> None:
    """One tenant's rows for the app role, all for the worker role."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    own = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"
    op.execute(f"CREATE POLICY tenant_rows ON {table} TO {APP} USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY all_rows ON {table} TO {WORKER} USING (true) WITH CHECK (true)")


def downgrade() -> None:
    for table in ("audit_log", "member_sessions", "members", "api_keys", "tenant_secrets"):
        op.drop_table(table)
    op.execute(f"REVOKE UPDATE ({OWNERS_COLUMNS}) ON tenants FROM {APP}")
    op.execute(f"REVOKE INSERT, UPDATE ON tenants FROM {WORKER}")
    for name in (
        "wa_session", "llm_config_name", "agent_prompt", "agent_enabled", "payment_provider", "payment_options",
        "currency", "timezone", "business_hours", "options", "version", "updated_at",
    ):  # fmt: skip
        op.drop_column("tenants", name)
