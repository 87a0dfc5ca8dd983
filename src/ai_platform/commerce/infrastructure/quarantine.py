"""The quarantine of notifications in PostgreSQL, for the platform's own people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update

from ai_platform.commerce.application.quarantine import QuarantinedNotice
from ai_platform.commerce.infrastructure.payment_tables import payment_notices, payment_quarantine
from ai_platform.runtime.db import Database

_NOTICES = select(payment_notices).join(payment_quarantine, payment_quarantine.c.notice_id == payment_notices.c.id)


@dataclass(frozen=True, slots=True)
class SqlQuarantine:
    """Implements `quarantine.Quarantine`."""

    database: Database

    async def page(self, *, before: UUID | None, limit: int) -> Sequence[QuarantinedNotice]:
        wanted = _NOTICES.where(payment_quarantine.c.resolved_at.is_(None))
        if before is not None:
            wanted = wanted.where(payment_quarantine.c.notice_id < before)
        async with self.database.transaction(None) as connection:
            rows = await connection.execute(wanted.order_by(payment_quarantine.c.notice_id.desc()).limit(limit))
            return [_notice_of(row) for row in rows]

    async def resolve(self, notice_id: UUID) -> QuarantinedNotice | None:
        mine = payment_quarantine.c.notice_id == notice_id
        first = func.coalesce(payment_quarantine.c.resolved_at, func.now())
        async with self.database.transaction(None) as connection:
            await connection.execute(update(payment_quarantine).where(mine).values(resolved_at=first))
            row = (await connection.execute(_NOTICES.where(mine))).one_or_none()
        return None if row is None else _notice_of(row)


def _notice_of(row: Row[Any]) -> QuarantinedNotice:
    return QuarantinedNotice(
        id=row.id,
        tenant_id=row.tenant_id,
        provider=row.provider,
        reference=row.reference,
        body=bytes(row.body).decode("utf-8", "replace"),
        received_at=row.received_at,
    )
