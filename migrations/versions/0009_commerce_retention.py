"""What commerce may forget, and the lines that the sandbox's pay page shows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WORKER = "ai_platform_worker"


# Notices stay append-only for every role. What may go is decided here: nothing younger than a month, nothing that is
# not applied yet, nothing that waits for a person.
FORGET = """
CREATE FUNCTION forget_payment_notices(age interval, most integer) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH old AS MATERIALIZED (
        SELECT notices.id FROM public.payment_notices AS notices
        WHERE notices.received_at < now() - greatest(age, interval '30 days')
          AND NOT EXISTS (
              SELECT FROM public.payment_quarantine AS held
              WHERE held.notice_id = notices.id AND held.resolved_at IS NULL
          )
          AND NOT EXISTS (
              SELECT FROM public.payments
              WHERE payments.id = notices.payment_id
                AND (payments.check_at IS NOT NULL OR payments.flags <> '[]'::jsonb)
          )
        ORDER BY notices.received_at LIMIT most FOR UPDATE SKIP LOCKED
    ), released AS (
        DELETE FROM public.payment_quarantine AS held USING old WHERE held.notice_id = old.id
    ), forgotten AS (
        DELETE FROM public.payment_notices AS notices USING old WHERE notices.id = old.id RETURNING 1
    )
    SELECT count(*) FROM forgotten
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # the sandbox is served in development only, by one process: nobody reads the old column meanwhile
    op.add_column("sandbox_payments", sa.Column("lines", JSONB, nullable=False, server_default="[]"))
    op.drop_column("sandbox_payments", "description")
    op.create_index("ix_payment_notices_received_at", "payment_notices", ["received_at"])
    op.execute(FORGET)
    op.execute("REVOKE ALL ON FUNCTION forget_payment_notices FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION forget_payment_notices TO {WORKER}")


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_payment_notices")
    op.drop_index("ix_payment_notices_received_at", "payment_notices")
    op.add_column("sandbox_payments", sa.Column("description", sa.Text, nullable=False, server_default=""))
    op.alter_column("sandbox_payments", "description", server_default=None)
    op.drop_column("sandbox_payments", "lines")
