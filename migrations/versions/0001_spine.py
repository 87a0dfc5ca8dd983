"""The spine: roles, the default tenant, jobs, the outbox and the embedded bus."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = """
DO $$
DECLARE
    wanted text;
    -- from 16 on a role's maker is its member without the right to SET ROLE to it
    privilege text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['ai_platform_app', 'ai_platform_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this cluster was quicker
            END;
        END IF;
        IF NOT pg_has_role(current_user, wanted, privilege) THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
        END IF;
    END LOOP;
END $$
"""


def upgrade() -> None:
    op.execute(ROLES)
    op.execute("GRANT USAGE ON SCHEMA public TO ai_platform_app, ai_platform_worker")
    create_tenants()
    create_jobs()
    create_outbox()
    create_bus()


def create_tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.execute("INSERT INTO tenants (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'default')")
    op.execute("GRANT SELECT ON tenants TO ai_platform_app, ai_platform_worker")
    secure("tenants", "id")


def create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id", name="fk_jobs_tenant_id"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("fair_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("config_name", sa.String(255), nullable=False),
        sa.Column("template_name", sa.String(255), nullable=False),
        sa.Column("template_revision", sa.Integer),
        sa.Column("variables", JSONB, nullable=False),
        sa.Column("context", JSONB, nullable=False),
        sa.Column("metadata", JSONB, nullable=False),
        sa.Column("stream", sa.Boolean, nullable=False),
        sa.Column("timeout_seconds", sa.Float),
        sa.Column("result", sa.Text),
        sa.Column("error", JSONB),
        sa.Column("agent_type", sa.Text),
        sa.Column("input_tokens", sa.Integer),
        sa.Column("output_tokens", sa.Integer),
        sa.Column("cost_usd", sa.Numeric(18, 9)),
        sa.Column("max_retries", sa.SmallInteger, nullable=False),
        sa.Column("retry_count", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True)),
        sa.Column("next_retry_at", sa.DateTime(timezone=True)),
        sa.Column("trace", JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.CheckConstraint(
            "status IN ('QUEUED', 'PROCESSING', 'RETRYING', 'COMPLETED', 'FAILED', 'CANCELLED')",
            name=op.f("ck_jobs_status"),
        ),
        sa.CheckConstraint("priority BETWEEN 0 AND 2", name=op.f("ck_jobs_priority")),
        sa.CheckConstraint("retry_count BETWEEN 0 AND max_retries", name=op.f("ck_jobs_retries")),
        sa.CheckConstraint("(status = 'PROCESSING') = (lease_expires_at IS NOT NULL)", name=op.f("ck_jobs_lease")),
        sa.CheckConstraint("(status = 'RETRYING') = (next_retry_at IS NOT NULL)", name=op.f("ck_jobs_retry")),
        postgresql_with={"fillfactor": "85"},
    )
    queued, processing, retrying = (sa.text(f"status = '{one}'") for one in ("QUEUED", "PROCESSING", "RETRYING"))
    op.create_index("ix_jobs_claim", "jobs", ["priority", "fair_at", "id"], postgresql_where=queued)
    op.create_index("ix_jobs_fair_share", "jobs", ["tenant_id", "priority", "fair_at"], postgresql_where=queued)
    op.create_index("ix_jobs_processing", "jobs", ["id"], postgresql_where=processing)
    op.create_index("ix_jobs_retrying", "jobs", ["next_retry_at"], postgresql_where=retrying)
    op.create_index("ix_jobs_tenant", "jobs", ["tenant_id", "id"])
    op.create_index("ix_jobs_tenant_status", "jobs", ["tenant_id", "status", "id"])
    op.create_index("ix_jobs_tenant_config", "jobs", ["tenant_id", "config_name", "id"])
    op.execute("GRANT SELECT, INSERT, UPDATE ON jobs TO ai_platform_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO ai_platform_worker")
    secure("jobs", "tenant_id")


def create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("queue", sa.Text),
        sa.Column("topic", sa.Text),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(queue, topic) = 1", name=op.f("ck_outbox_destination")),
    )
    op.create_index("ix_outbox_available_at", "outbox", ["available_at"])
    op.execute("GRANT INSERT ON outbox TO ai_platform_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO ai_platform_worker")


def create_bus() -> None:
    op.create_table(
        "bus_messages",
        sa.Column("seq", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("deliveries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("visible_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("is_dead", sa.Boolean, nullable=False, server_default="false"),
    )
    op.create_index(
        "ix_bus_messages_ready", "bus_messages", ["queue", "visible_at", "seq"], postgresql_where=sa.text("NOT is_dead")
    )
    op.create_index("ix_bus_messages_dead", "bus_messages", ["queue"], postgresql_where=sa.text("is_dead"))
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON bus_messages TO ai_platform_worker")


def secure(table: str, tenant_column: str) -> None:
    """One tenant's rows for the app role, all for the worker role; a missing tenant sees nothing."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    own = f"{tenant_column} = nullif(current_setting('app.tenant', true), '')::uuid"
    op.execute(f"CREATE POLICY tenant_rows ON {table} TO ai_platform_app USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY all_rows ON {table} TO ai_platform_worker USING (true) WITH CHECK (true)")


def downgrade() -> None:
    for table in ("bus_messages", "outbox", "jobs", "tenants"):
        op.drop_table(table)
