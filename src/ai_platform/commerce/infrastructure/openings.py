"""Who opens a payment holds it by a short lease in database time, and renews that for as long as he lives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import text

from ai_platform.commerce.application.payment_work import OPENING
from ai_platform.runtime.db import Database
from ai_platform.runtime.periodic import Periodic

RENEWED_EVERY: Final = 1.0

_RENEW = text(
    """
    UPDATE payments SET opening_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = :id AND tenant_id = :tenant_id AND status = 'PENDING'
    """
)


@dataclass(frozen=True, slots=True)
class SqlOpenings:
    """Implements `payment_work.Openings`. Most providers answer before the first renewal."""

    database: Database

    @asynccontextmanager
    async def held(self, tenant_id: UUID, payment_id: UUID) -> AsyncIterator[None]:
        renew = partial(self._renew, tenant_id, payment_id)
        renewal = Periodic("payment-opening", renew, seconds=RENEWED_EVERY, after=RENEWED_EVERY)
        renewal.start()
        try:
            yield
        finally:
            await renewal.stop()

    async def _renew(self, tenant_id: UUID, payment_id: UUID) -> None:
        async with self.database.transaction(tenant_id, durable=False) as connection:
            values = {"id": payment_id, "tenant_id": tenant_id, "seconds": OPENING.total_seconds()}
            await connection.execute(_RENEW, values)
