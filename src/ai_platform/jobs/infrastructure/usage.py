"""What jobs used, by tenant: ids are in order of time, so a period is a range of the primary key."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from ai_platform.jobs.application.ports import Usage
from ai_platform.jobs.infrastructure.tables import jobs
from ai_platform.runtime.db import Database


class PostgresUsage:
    """Implements `UsageReads`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def usage(
        self, tenant_id: UUID | None, begins: datetime, ends: datetime, *, after: UUID | None, limit: int
    ) -> Sequence[Usage]:
        total = func.coalesce
        query = (
            select(
                jobs.c.tenant_id,
                func.count().label("jobs"),
                total(func.sum(jobs.c.input_tokens), 0).label("input_tokens"),
                total(func.sum(jobs.c.output_tokens), 0).label("output_tokens"),
                total(func.sum(jobs.c.cost_usd), 0).label("cost_usd"),
            )
            .where(jobs.c.id >= _first_id_of(begins), jobs.c.id < _first_id_of(ends))
            .group_by(jobs.c.tenant_id)
            .order_by(jobs.c.tenant_id)
            .limit(limit)
        )
        if tenant_id is not None:
            query = query.where(jobs.c.tenant_id == tenant_id)
        if after is not None:
            query = query.where(jobs.c.tenant_id > after)
        async with self._database.transaction(tenant_id) as connection:
            return [Usage(**row) for row in (await connection.execute(query)).mappings()]


def _first_id_of(moment: datetime) -> UUID:
    """The least UUIDv7 of its millisecond (RFC 9562 §5.7)."""
    return UUID(int=max(0, min(int(moment.timestamp() * 1000), 2**48 - 1)) << 80)
