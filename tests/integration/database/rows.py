"""Rows of two tenants, and who sees them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text

from ai_platform.jobs.infrastructure.tables import jobs
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.db import Database

OTHER_TENANT = UUID("00000000-0000-7000-8000-000000000002")


def a_job_row(**changes: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "tenant_id": DEFAULT_TENANT,
        "status": "QUEUED",
        "pipeline": "single",
        "priority": 1,
        "fair_at": datetime.now(UTC),
        "prompt": "Write a haiku",
        "config_name": "default-smart",
        "template_name": "default-assistant",
        "variables": {},
        "context": {},
        "metadata": {},
        "stream": False,
        "max_retries": 3,
        "trace": {},
        "created_at": datetime.now(UTC),
        **changes,
    }


async def add_jobs(database: Database, tenant_id: UUID, *rows: dict[str, Any]) -> None:
    async with database.transaction(tenant_id) as connection:
        await connection.execute(insert(jobs), list(rows))


async def one_job_each(database: Database) -> tuple[UUID, UUID]:
    own, foreign = a_job_row(), a_job_row(tenant_id=OTHER_TENANT)
    await add_jobs(database, DEFAULT_TENANT, own)
    await add_jobs(database, OTHER_TENANT, foreign)
    return own["id"], foreign["id"]


async def visible_jobs(database: Database, tenant_id: UUID | None) -> set[UUID]:
    async with database.transaction(tenant_id) as connection:
        return set((await connection.execute(select(jobs.c.id))).scalars())


async def execute(database: Database, tenant_id: UUID | None, statement: str, **parameters: object) -> None:
    async with database.transaction(tenant_id) as connection:
        await connection.execute(text(statement), parameters)
