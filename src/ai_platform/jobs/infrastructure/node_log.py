"""Recording the steps of attempts, those of many jobs in one transaction."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from ai_platform.jobs.application.history import NODE
from ai_platform.runtime.batching import Batcher
from ai_platform.runtime.db import Database

# Ids must rise in the order of commits, or a follower who has read a higher one would never see the lower:
# whoever records an event holds its job's row. Locked in one order, these never wait for each other in a circle.
_RECORD: Final = text(
    """
    WITH given AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(:rows) AS step (place int, id uuid, attempt int, at timestamptz, data jsonb)
    ), held AS MATERIALIZED (
        SELECT id, attempt, tenant_id FROM jobs
        WHERE status = 'PROCESSING' AND (id, attempt) IN (SELECT id, attempt FROM given)
        ORDER BY id FOR NO KEY UPDATE
    ), recorded AS (
        INSERT INTO job_events (tenant_id, job_id, type, at, data)
        SELECT held.tenant_id, held.id, :type, given.at, given.data FROM held JOIN given USING (id, attempt)
        ORDER BY given.place
    )
    SELECT id FROM held WHERE EXISTS (SELECT FROM watched_jobs WHERE job_id = held.id AND until > now())
    """
).bindparams(bindparam("rows", type_=JSONB))

_Rows = Sequence[dict[str, Any]]


class NodeLog:
    """The fence is the claim: what an attempt that was lost meanwhile still did is not recorded."""

    def __init__(self, database: Database, changed: Callable[[UUID], None]) -> None:
        self._database = database
        self._changed = changed
        self._batches: Batcher[_Rows, None] = Batcher(self._record_all)

    async def record(self, rows: _Rows) -> None:
        """Each with `id`, `attempt`, `at` and `data`, in the order of their happening. Raises Unavailable."""
        await self._batches(rows)

    async def _record_all(self, batch: Sequence[_Rows]) -> list[None]:
        rows = [row | {"place": place} for place, row in enumerate(row for rows in batch for row in rows)]
        async with self._database.transaction(None, durable=False) as connection:
            watched = (await connection.execute(_RECORD, {"rows": rows, "type": NODE})).scalars().all()
        for job_id in watched:
            self._changed(job_id)
        return [None] * len(batch)
