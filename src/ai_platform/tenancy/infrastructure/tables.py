"""The table `tenants`, which every tenant's row points to."""

from sqlalchemy import Boolean, Column, DateTime, String, Table, Uuid, func

from ai_platform.runtime.db import metadata

tenants = Table(
    "tenants",
    metadata,
    Column("id", Uuid(), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("is_active", Boolean, nullable=False, server_default="true"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
