"""Notifications as they came: appended, never changed, and never lost once they were answered.

Providers send them in storms, and many about one payment: those that arrive together are kept in one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from ai_platform.commerce.application.payment_ports import Notice
from ai_platform.commerce.application.wake_ups import PAYMENT_DUE
from ai_platform.commerce.infrastructure.payment_tables import payment_notices, payment_quarantine, payments
from ai_platform.kernel.ids import new_id
from ai_platform.runtime import outbox, tracing
from ai_platform.runtime.batching import Batcher
from ai_platform.runtime.bus import QueueName
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Entry
from ai_platform.runtime.relay import Relay

_SHOWN: Final = ("user-agent", "content-type", "webhook-id", "x-request-id")
"""Of the headers: those that help to understand, and none that is a secret."""
_NOTICED: Final = text(
    """
    WITH told AS MATERIALIZED (SELECT id FROM payments WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE)
    UPDATE payments SET noticed_at = clock_timestamp(), check_at = clock_timestamp() FROM told
    WHERE payments.id = told.id
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))
"""In the order of their ids, so that two who keep many wait for each other and never in a circle."""
_KNOWN: Final = select(payments.c.reference, payments.c.provider, payments.c.tenant_id, payments.c.id).where(
    payments.c.reference.in_(bindparam("references", expanding=True))
)


@dataclass(frozen=True, slots=True)
class _Kept:
    row: dict[str, Any]
    headers: dict[str, str]


class SqlNotices:
    """Implements `payment_work.Notices`, as the worker role: who sends one is no tenant."""

    def __init__(self, database: Database, relay: Relay, queue: str) -> None:
        self._database = database
        self._relay = relay
        self._queue = queue
        self._known: Batcher[str, tuple[str, UUID, UUID] | None] = Batcher(self._find)
        self._kept: Batcher[_Kept, None] = Batcher(self._append)

    async def idle(self) -> None:
        """Returns when nothing is being kept."""
        await self._known.idle()
        await self._kept.idle()

    async def payment_of(self, provider: str, reference: str, tenant_id: UUID | None) -> tuple[UUID, UUID] | None:
        found = await self._known(reference)
        if found is None or found[0] != provider or tenant_id not in (None, found[1]):
            return None
        return found[1], found[2]

    async def store(
        self, provider: str, notice: Notice, *, tenant_id: UUID | None, reference: str | None, payment_id: UUID | None
    ) -> UUID:
        trace, notice_id = tracing.current(), new_id()
        row = {
            "id": notice_id,
            "tenant_id": tenant_id,
            "payment_id": payment_id,
            "provider": provider,
            "reference": reference,
            "headers": {name: _shown(notice.headers[name]) for name in _SHOWN if name in notice.headers},
            "body": notice.body,
        }
        await self._kept(_Kept(row, trace.headers() if trace else {}))
        return notice_id

    async def _find(self, references: Sequence[str]) -> list[tuple[str, UUID, UUID] | None]:
        async with self._database.transaction(None) as connection:
            rows = await connection.execute(_KNOWN, {"references": sorted(set(references))})
            known = {row.reference: (row.provider, row.tenant_id, row.id) for row in rows}
        return [known.get(reference) for reference in references]

    async def _append(self, notices: Sequence[_Kept]) -> list[None]:
        told = {one.row["payment_id"]: one.headers for one in notices if one.row["payment_id"] is not None}
        nobodys = [one.row for one in notices if one.row["payment_id"] is None]
        entries = [self._wake_up(payment_id, headers) for payment_id, headers in told.items()]
        async with self._database.transaction(None) as connection:
            await connection.execute(insert(payment_notices), [one.row for one in notices])
            if nobodys:
                why = [
                    {"notice_id": row["id"], "tenant_id": row["tenant_id"], "reason": "unknown_reference"}
                    for row in nobodys
                ]
                await connection.execute(insert(payment_quarantine), why)
            if told:
                await connection.execute(_NOTICED, {"ids": list(told)})
            await outbox.write(connection, entries)
        self._relay.take(entries)
        return [None] * len(notices)

    def _wake_up(self, payment_id: UUID, headers: dict[str, str]) -> Entry:
        body = {"payment_id": str(payment_id)}
        return Entry(to=QueueName(self._queue), type=PAYMENT_DUE, body=body, headers=headers)


def _shown(value: str) -> str:
    """What JSON in PostgreSQL can hold."""
    return value[:500].replace("\x00", "").encode("utf-8", "replace").decode()
