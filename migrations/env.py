"""Alembic's entry: runs inside the connection that `ai_platform.runtime.migrations` opened and locked."""

from alembic import context
from sqlalchemy import Connection

from ai_platform.runtime.db import metadata


def run() -> None:
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
