"""The outbox: what must be published, written in the transaction that made it true.

A row that is due at once is born in its writer's hand: it goes to the relay of the same process after the
commit, and becomes anybody's only when that relay has not published it within `HANDOVER` seconds. A row for
later becomes anybody's at its exact `available_at`. Every process that writes rows runs a relay, so a crash
anywhere is covered by whoever is alive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    Double,
    Index,
    Row,
    Table,
    Text,
    TextClause,
    Uuid,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.kernel.events import ContractEvent
from ai_platform.kernel.ids import new_id
from ai_platform.runtime.bus import Json, Message, Outgoing, QueueName, Topic
from ai_platform.runtime.db import Database, metadata

HANDOVER: Final = 5.0
"""Seconds for which a row belongs to the relay that has it in hand."""

outbox_table = Table(
    "outbox",
    metadata,
    Column("id", Uuid(), primary_key=True),
    Column("queue", Text),
    Column("topic", Text),
    Column("type", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("available_at", DateTime(timezone=True), nullable=False),
    Index("ix_outbox_available_at", "available_at"),
)

_IN_HAND = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, bindparam("handover", type_=Double))
_ADD_SQL: Final = """
    INSERT INTO outbox (id, queue, topic, type, body, headers, available_at)
    SELECT entry.id, entry.queue, entry.topic, entry.type, entry.body, entry.headers,
        coalesce(entry.due, clock_timestamp() + make_interval(secs => :handover))
    FROM jsonb_to_recordset(:entries) AS entry (
        id uuid, queue text, topic text, type text, body jsonb, headers jsonb, due timestamptz, cause text
    )
    """
_DUE = (
    select(outbox_table.c.id, outbox_table.c.available_at)
    .where(outbox_table.c.available_at <= func.now())
    .order_by(outbox_table.c.available_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")
    .prefix_with("MATERIALIZED")  # as a plain subquery it may be run once a row, and then takes more than `most`
)
_CLAIM = (
    update(outbox_table)
    .where(outbox_table.c.id == _DUE.c.id)
    .values(available_at=_IN_HAND)
    .returning(*outbox_table.c, _DUE.c.available_at.label("since"))
)
_DONE = delete(outbox_table).where(outbox_table.c.id == func.any(bindparam("ids", type_=ARRAY(Uuid()))))
_NEXT = select(func.extract("epoch", func.min(outbox_table.c.available_at) - func.clock_timestamp()))
_PENDING = select(func.count()).where(outbox_table.c.available_at <= func.now())


def adding(statement: str) -> TextClause:
    """A statement that adds its entries in the same round trip, where it says `{outbox}`; see `added`."""
    return text(statement.replace("{outbox}", _ADD_SQL)).bindparams(bindparam("entries", type_=JSONB))


_ADD = adding("{outbox}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message to be, and when: None is at once, else an exact time.

    `cause` is what it follows from, in the words of a statement from `adding` that may find it no longer true.
    """

    to: QueueName | Topic
    type: str
    body: Json
    headers: dict[str, str] = field(default_factory=dict)
    due: datetime | None = None
    id: UUID = field(default_factory=new_id)
    cause: str | None = None

    def outgoing(self) -> Outgoing:
        return Outgoing(self.to, Message(id=self.id, type=self.type, body=self.body, headers=self.headers))


async def write(connection: AsyncConnection, entries: Sequence[Entry], *, handover: float = HANDOVER) -> None:
    """Insert the rows in the caller's transaction. Once it is committed, hand the entries to `Relay.take`."""
    if entries:
        await connection.execute(_ADD, added(entries, handover=handover))


def added(entries: Sequence[Entry], *, handover: float = HANDOVER) -> dict[str, Any]:
    """The parameters by which a statement from `adding` knows its entries."""
    return {"entries": [_row_of(entry) for entry in entries], "handover": handover}


class Outbox:
    """The rows as a relay works through them, over all tenants."""

    def __init__(self, database: Database, *, handover: float = HANDOVER) -> None:
        self._database = database
        self.handover = handover

    async def claim(self, most: int) -> list[Outgoing]:
        """Take rows that are due and in nobody's hand, the longest due first; they are ours for `handover` seconds."""
        async with self._database.transaction(None, durable=False) as connection:
            rows = (await connection.execute(_CLAIM, {"most": most, "handover": self.handover})).all()
            return [_outgoing_of(row) for row in sorted(rows, key=lambda row: (row.since, row.id))]

    async def done(self, ids: Sequence[UUID]) -> None:
        """Forget rows that are confirmed."""
        async with self._database.transaction(None, durable=False) as connection:
            await connection.execute(_DONE, {"ids": list(ids)})

    async def seconds_to_next(self) -> float | None:
        """Until the earliest row becomes anybody's; None when there is none."""
        async with self._database.transaction(None) as connection:
            seconds = await connection.scalar(_NEXT)
            return None if seconds is None else max(0.0, float(seconds))

    async def pending(self) -> int:
        """Rows that are due and unpublished."""
        async with self._database.transaction(None) as connection:
            return int(await connection.scalar(_PENDING) or 0)


def _row_of(entry: Entry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "queue": entry.to.name if isinstance(entry.to, QueueName) else None,
        "topic": entry.to.routing_key if isinstance(entry.to, Topic) else None,
        "type": entry.type,
        "body": dict(entry.body),
        "headers": entry.headers,
        "due": entry.due.isoformat() if entry.due else None,
        "cause": entry.cause,
    }


def _outgoing_of(row: Row[Any]) -> Outgoing:
    to = QueueName(row.queue) if row.queue is not None else Topic(row.topic)
    return Outgoing(to, Message(id=row.id, type=row.type, body=row.body, headers=row.headers))


def fact(event: ContractEvent, *, headers: Mapping[str, str], cause: str | None = None) -> Entry:
    """A contract event for whoever listens to its topic."""
    body = {name: _primitive(value) for name, value in asdict(event).items()}
    return Entry(to=Topic(event.topic), type=event.topic, body=body, headers=dict(headers), cause=cause)


def _primitive(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case Decimal():
            return str(value)
        case _:
            return value
