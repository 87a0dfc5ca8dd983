"""Who follows a job is noted beside the job: on its row, the note would hide it from the worker that claims."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BOTH = "ai_platform_app, ai_platform_worker"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "watched_jobs",
        # no foreign key: its check would lock the job's row as well
        sa.Column("job_id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_watched_jobs_until", "watched_jobs", ["until"])
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON watched_jobs TO {BOTH}")
    op.execute("ALTER TABLE watched_jobs ENABLE ROW LEVEL SECURITY")
    own = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"
    op.execute(f"CREATE POLICY tenant_rows ON watched_jobs TO ai_platform_app USING ({own}) WITH CHECK ({own})")
    op.execute("CREATE POLICY all_rows ON watched_jobs TO ai_platform_worker USING (true) WITH CHECK (true)")
    op.drop_column("jobs", "watched_until")


def downgrade() -> None:
    op.add_column("jobs", sa.Column("watched_until", sa.DateTime(timezone=True)))
    op.drop_table("watched_jobs")
