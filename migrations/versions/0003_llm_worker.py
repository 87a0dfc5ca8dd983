"""The LLM worker to the full: limits and fallbacks, revisions, agents, job events, webhooks, dead letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NOW = sa.func.now()
BOTH = "ai_platform_app, ai_platform_worker"

# The history of a template is kept by the database, so that a change by plain SQL is in it too.
REVISION_KEPT = """
CREATE FUNCTION prompt_template_revision_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO prompt_template_revisions (name, revision, content, description)
    VALUES (NEW.name, NEW.revision, NEW.content, NEW.description)
    ON CONFLICT (name, revision) DO NOTHING;
    RETURN NULL;
END $$
"""

AGENT_CHANGED = """
CREATE FUNCTION agent_configs_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$
"""

AGENTS = """
INSERT INTO agent_configs (agent_type, template_name, max_retries)
VALUES ('main', 'main-agent', 3), ('fallback', 'fallback-agent', 1), ('followup', 'followup-agent', 3),
    ('moderation', 'moderation-agent', 2)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    extend_configs()
    create_revisions()
    create_agents()
    extend_jobs()
    create_job_events()
    create_idempotency_keys()
    create_webhooks()
    create_dead_letters()


def extend_configs() -> None:
    for name in ("max_concurrency", "requests_per_minute", "tokens_per_minute"):
        op.add_column("llm_configs", sa.Column(name, sa.Integer))
        op.create_check_constraint(op.f(f"ck_llm_configs_{name}"), "llm_configs", f"{name} >= 1")
    op.add_column("llm_configs", sa.Column("fallbacks", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("llm_configs", sa.Column("validation", JSONB, nullable=False, server_default="{}"))
    op.create_check_constraint(op.f("ck_llm_configs_validation"), "llm_configs", "jsonb_typeof(validation) = 'object'")


def create_revisions() -> None:
    op.create_table(
        "prompt_template_revisions",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.ForeignKeyConstraint(
            ["name"], ["prompt_templates.name"], name="fk_prompt_template_revisions_name", ondelete="CASCADE",
            onupdate="CASCADE",
        ),
    )  # fmt: skip
    op.execute(f"GRANT SELECT, INSERT ON prompt_template_revisions TO {BOTH}")
    op.execute(REVISION_KEPT)
    op.execute(
        "CREATE TRIGGER prompt_template_revision_kept AFTER INSERT OR UPDATE ON prompt_templates "
        "FOR EACH ROW EXECUTE FUNCTION prompt_template_revision_kept()"
    )
    op.execute(
        "INSERT INTO prompt_template_revisions (name, revision, content, description, created_at) "
        "SELECT name, revision, content, description, updated_at FROM prompt_templates"
    )


def create_agents() -> None:
    op.create_table(
        "agent_configs",
        sa.Column("agent_type", sa.Text, primary_key=True),
        sa.Column("config_name", sa.String(255)),
        sa.Column("template_name", sa.String(255), nullable=False),
        sa.Column("on_error", sa.Text, nullable=False, server_default="block"),
        sa.Column("temperature", sa.Double),
        sa.Column("max_tokens", sa.Integer),
        sa.Column("max_retries", sa.SmallInteger, nullable=False, server_default="3"),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.ForeignKeyConstraint(["config_name"], ["llm_configs.name"], name="fk_agent_configs_config_name"),
        sa.ForeignKeyConstraint(["template_name"], ["prompt_templates.name"], name="fk_agent_configs_template_name"),
        sa.CheckConstraint(
            "agent_type IN ('main', 'fallback', 'followup', 'moderation')", name=op.f("ck_agent_configs_agent_type")
        ),
        sa.CheckConstraint("on_error IN ('block', 'allow')", name=op.f("ck_agent_configs_on_error")),
        sa.CheckConstraint("temperature BETWEEN 0 AND 2", name=op.f("ck_agent_configs_temperature")),
        sa.CheckConstraint("max_tokens >= 1", name=op.f("ck_agent_configs_max_tokens")),
        sa.CheckConstraint("max_retries BETWEEN 0 AND 10", name=op.f("ck_agent_configs_max_retries")),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON agent_configs TO {BOTH}")
    op.execute(AGENT_CHANGED)
    op.execute(
        "CREATE TRIGGER agent_configs_changed BEFORE UPDATE ON agent_configs FOR EACH ROW "
        "WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION agent_configs_changed()"
    )
    op.execute(AGENTS)


def extend_jobs() -> None:
    for column in (
        # false: nobody named a template, so the pipeline chooses
        sa.Column("template_named", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("needs_moderation", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("callback_url", sa.Text),
        # the config that answered: the job's own, its agent's or a fallback
        sa.Column("answered_by", sa.String(255)),
        # each attempt that gave no answer: [{attempt, at, error}]
        sa.Column("attempts", JSONB, nullable=False, server_default="[]"),
        # since when it waits for a breaker or a limit without having called a model
        sa.Column("parked_since", sa.DateTime(timezone=True)),
        # until when somebody reads its live events
        sa.Column("watched_until", sa.DateTime(timezone=True)),
    ):
        op.add_column("jobs", column)


def create_job_events() -> None:
    op.create_table(
        "job_events",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", JSONB, nullable=False),
    )
    op.create_index("ix_job_events_job", "job_events", ["job_id", "id"])
    op.create_index("ix_job_events_at", "job_events", ["at"], postgresql_using="brin")
    op.execute("GRANT SELECT, INSERT ON job_events TO ai_platform_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON job_events TO ai_platform_worker")
    secure("job_events")


def create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Uuid(), primary_key=True),
        sa.Column("actor", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("answer", JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.execute("GRANT SELECT, INSERT, DELETE ON idempotency_keys TO ai_platform_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON idempotency_keys TO ai_platform_worker")
    secure("idempotency_keys")


def create_webhooks() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        # what it tells about, e.g. a job
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("headers", JSONB, nullable=False, server_default="{}"),
        sa.Column("status", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        # each try: [{attempt, at, status_code, error, milliseconds}]
        sa.Column("tries", JSONB, nullable=False, server_default="[]"),
        # when it is due; during a try, when its lease runs out
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("status IN ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_status")),
    )
    op.create_index(
        "ix_webhook_deliveries_due", "webhook_deliveries", ["due_at"], postgresql_where=sa.text("status = 'pending'")
    )
    op.create_index("ix_webhook_deliveries_subject", "webhook_deliveries", ["subject_id", "id"])
    op.execute("GRANT SELECT, INSERT ON webhook_deliveries TO ai_platform_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_deliveries TO ai_platform_worker")
    secure("webhook_deliveries")


def create_dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("queue", sa.Text, nullable=False),
        # what is put into the queue again by a replay
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("headers", JSONB, nullable=False, server_default="{}"),
        # a failed job's id; null for a message that nobody could work off
        sa.Column("subject_id", sa.Uuid()),
        sa.Column("tenant_id", sa.Uuid()),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        # each attempt, oldest first: [{attempt, at, error}]
        sa.Column("attempts", JSONB, nullable=False, server_default="[]"),
        sa.Column("died_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("replayed_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ix_dead_letters_waiting", "dead_letters", ["queue", "id"], postgresql_where=sa.text("replayed_at IS NULL")
    )
    op.create_index(
        "ix_dead_letters_subject", "dead_letters", ["subject_id"], postgresql_where=sa.text("replayed_at IS NULL")
    )
    op.execute("GRANT INSERT ON dead_letters TO ai_platform_app")
    op.execute("GRANT SELECT (subject_id, replayed_at), UPDATE (replayed_at) ON dead_letters TO ai_platform_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON dead_letters TO ai_platform_worker")
    secure("dead_letters")


def secure(table: str) -> None:
    """One tenant's rows for the app role, all for the worker role."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    own = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"
    op.execute(f"CREATE POLICY tenant_rows ON {table} TO ai_platform_app USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY all_rows ON {table} TO ai_platform_worker USING (true) WITH CHECK (true)")


def downgrade() -> None:
    for table in ("dead_letters", "webhook_deliveries", "idempotency_keys", "job_events", "agent_configs"):
        op.drop_table(table)
    op.execute("DROP FUNCTION agent_configs_changed()")
    op.execute("DROP TRIGGER prompt_template_revision_kept ON prompt_templates")
    op.execute("DROP FUNCTION prompt_template_revision_kept()")
    op.drop_table("prompt_template_revisions")
    for name in (
        "watched_until", "parked_since", "attempts", "answered_by", "callback_url", "needs_moderation", "template_named"
    ):  # fmt: skip
        op.drop_column("jobs", name)
    for name in ("validation", "fallbacks", "tokens_per_minute", "requests_per_minute", "max_concurrency"):
        op.drop_column("llm_configs", name)
