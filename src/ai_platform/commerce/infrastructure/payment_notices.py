"""Notifications as they came: appended, never changed, and never lost once they were answered."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, text

from ai_platform.commerce.application.payment_ports import Notice
from ai_platform.commerce.application.wake_ups import PAYMENT_DUE
from ai_platform.commerce.infrastructure.payment_tables import payment_notices, payment_quarantine, payments
from ai_platform.kernel.ids import new_id
from ai_platform.runtime import outbox, tracing
from ai_platform.runtime.bus import QueueName
from ai_platform.runtime.db import Database
from ai_platform.runtime.outbox import Entry
from ai_platform.runtime.relay import Relay

_SHOWN: Final = ("user-agent", "content-type", "webhook-id", "x-request-id")
"""Of the headers: those that help to understand, and none that is a secret."""
_NOTICED = text(
    "UPDATE payments SET noticed_at = clock_timestamp(), check_at = clock_timestamp() WHERE id = :id"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SqlNotices:
    """Implements `payment_work.Notices`, as the worker role: who sends one is no tenant."""

    database: Database
    relay: Relay
    queue: str

    async def payment_of(self, provider: str, reference: str, tenant_id: UUID | None) -> tuple[UUID, UUID] | None:
        named = select(payments.c.tenant_id, payments.c.id).where(
            payments.c.reference == reference, payments.c.provider == provider
        )
        if tenant_id is not None:
            named = named.where(payments.c.tenant_id == tenant_id)
        async with self.database.transaction(tenant_id) as connection:
            row = (await connection.execute(named)).one_or_none()
            return None if row is None else (row.tenant_id, row.id)

    async def store(
        self, provider: str, notice: Notice, *, tenant_id: UUID | None, reference: str | None, payment_id: UUID | None
    ) -> UUID:
        notice_id, entries = new_id(), _wake_up(self.queue, payment_id)
        row = {
            "id": notice_id,
            "tenant_id": tenant_id,
            "payment_id": payment_id,
            "provider": provider,
            "reference": reference,
            "headers": {name: _shown(notice.headers[name]) for name in _SHOWN if name in notice.headers},
            "body": notice.body,
        }
        async with self.database.transaction(None) as connection:
            await connection.execute(insert(payment_notices).values(row))
            if payment_id is None:
                why = {"notice_id": notice_id, "tenant_id": tenant_id, "reason": "unknown_reference"}
                await connection.execute(insert(payment_quarantine).values(why))
            else:
                await connection.execute(_NOTICED, {"id": payment_id})
            await outbox.write(connection, entries)
        self.relay.take(entries)
        return notice_id


def _wake_up(queue: str, payment_id: UUID | None) -> list[Entry]:
    if payment_id is None:
        return []
    trace = tracing.current()
    headers = trace.headers() if trace else {}
    body = {"payment_id": str(payment_id)}
    return [Entry(to=QueueName(queue), type=PAYMENT_DUE, body=body, headers=headers)]


def _shown(value: str) -> str:
    """What JSON in PostgreSQL can hold."""
    return value[:500].replace("\x00", "").encode("utf-8", "replace").decode()
