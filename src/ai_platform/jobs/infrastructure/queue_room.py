"""How many more jobs of a tenant may wait."""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import text

from ai_platform.jobs.domain.errors import QueueFull
from ai_platform.runtime.db import Database

_COUNTED_FOR: Final = 1.0
"""Seconds for which a count is trusted, with what was accepted here since."""
_WAITING = text(
    """
    SELECT count(*) FROM (
        SELECT 1 FROM jobs WHERE tenant_id = :tenant_id AND status = 'QUEUED' LIMIT :most
    ) AS waiting
    """
)


@dataclass
class _Queue:
    waiting: int = 0
    counted_at: float = float("-inf")
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)


class QueueRoom:
    """Approximate between processes, and exact enough: the limit guards the database, not a business rule."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._queues: defaultdict[UUID, _Queue] = defaultdict(_Queue)

    async def take(self, tenant_id: UUID, jobs: int) -> None:
        """Raises QueueFull."""
        queue = self._queues[tenant_id]
        if time.monotonic() - queue.counted_at > _COUNTED_FOR:
            await self._count(tenant_id, queue)
        if queue.waiting + jobs > self._limit:
            raise QueueFull(self._limit)
        queue.waiting += jobs

    async def _count(self, tenant_id: UUID, queue: _Queue) -> None:
        async with queue.counting:
            if time.monotonic() - queue.counted_at <= _COUNTED_FOR:
                return
            async with self._database.transaction(tenant_id) as connection:
                parameters = {"tenant_id": tenant_id, "most": self._limit}
                queue.waiting = int(await connection.scalar(_WAITING, parameters) or 0)
            queue.counted_at = time.monotonic()
