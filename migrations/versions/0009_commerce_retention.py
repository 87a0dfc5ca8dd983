"""What commerce may forget, and the lines that the sandbox's pay page shows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WORKER = "ai_platform_worker"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # the sandbox is served in development only, by one process: nobody reads the old column meanwhile
    op.add_column("sandbox_payments", sa.Column("lines", JSONB, nullable=False, server_default="[]"))
    op.drop_column("sandbox_payments", "description")
    op.create_index("ix_payment_notices_received_at", "payment_notices", ["received_at"])
    op.execute(f"GRANT DELETE ON payment_notices, payment_quarantine TO {WORKER}")


def downgrade() -> None:
    op.execute(f"REVOKE DELETE ON payment_notices, payment_quarantine FROM {WORKER}")
    op.drop_index("ix_payment_notices_received_at", "payment_notices")
    op.add_column("sandbox_payments", sa.Column("description", sa.Text, nullable=False, server_default=""))
    op.alter_column("sandbox_payments", "description", server_default=None)
    op.drop_column("sandbox_payments", "lines")
