"""The rows of the embedded bus: messages that wait, are leased to a consumer, or are dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Index, Integer, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Row
from sqlalchemy.sql.elements import TextClause

from ai_platform.runtime.bus import Message, QueueDepth
from ai_platform.runtime.db import Database, metadata

CHANNEL: Final = "ai_platform_bus"
LEASE: Final = 15.0
"""Seconds for which a delivered message is its consumer's, unless renewed."""

bus_messages = Table(
    "bus_messages",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("queue", Text, nullable=False),
    Column("message_id", Uuid(), nullable=False),
    Column("type", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("deliveries", Integer, nullable=False, server_default="0"),
    Column("visible_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("is_dead", Boolean, nullable=False, server_default="false"),
    Index("ix_bus_messages_ready", "queue", "visible_at", "seq", postgresql_where=text("NOT is_dead")),
    Index("ix_bus_messages_dead", "queue", postgresql_where=text("is_dead")),
)

_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")
# MATERIALIZED: as a plain subquery it may be run once a row, and then takes more than `most`
_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT seq, visible_at FROM bus_messages WHERE queue = :queue AND NOT is_dead AND visible_at <= now()
        ORDER BY visible_at, seq LIMIT :most FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE bus_messages SET deliveries = deliveries + 1, visible_at = now() + make_interval(secs => :lease)
        FROM due WHERE bus_messages.seq = due.seq
        RETURNING bus_messages.seq, message_id, type, body, headers, deliveries, due.visible_at AS since
    )
    SELECT seq, message_id, type, body, headers, deliveries FROM taken ORDER BY since, seq
    """
)
_DEPTH = text(
    """
    SELECT count(*) FILTER (WHERE NOT is_dead AND visible_at <= now()), count(*) FILTER (WHERE is_dead)
    FROM bus_messages WHERE queue = :queue
    """
)
_TAKE_DEAD = text(
    """
    WITH due AS MATERIALIZED (
        SELECT seq, visible_at FROM bus_messages WHERE queue = :queue AND is_dead AND visible_at <= now()
        ORDER BY seq LIMIT :most FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE bus_messages SET visible_at = now() + make_interval(secs => :lease)
        FROM due WHERE bus_messages.seq = due.seq
        RETURNING bus_messages.seq, message_id, type, body, headers, deliveries, due.visible_at AS died_at
    )
    SELECT seq, message_id, type, body, headers, deliveries, died_at FROM taken ORDER BY seq
    """
)
_HELD = "unnest(CAST(:seqs AS bigint[]), CAST(:deliveries AS int[])) AS held (seq, delivery)"
_STILL_HELD = f"FROM {_HELD} WHERE bus_messages.seq = held.seq AND bus_messages.deliveries = held.delivery"
FORGET = text("DELETE FROM bus_messages WHERE seq = ANY(:seqs)")
BURY = text("UPDATE bus_messages SET is_dead = true, visible_at = now() WHERE seq = ANY(:seqs)")
RELEASE = text(f"UPDATE bus_messages SET visible_at = now() {_STILL_HELD}")  # noqa: S608 - our own words
RENEW = text(
    f"""
    WITH free AS MATERIALIZED (
        SELECT bus_messages.seq FROM bus_messages JOIN {_HELD}
            ON bus_messages.seq = held.seq AND bus_messages.deliveries = held.delivery
        FOR UPDATE OF bus_messages SKIP LOCKED
    )
    UPDATE bus_messages SET visible_at = now() + make_interval(secs => :lease)
    FROM free WHERE bus_messages.seq = free.seq
    """  # noqa: S608 - our own words
)


@dataclass(frozen=True, slots=True)
class Lease:
    """One delivery of one row: the number of the delivery is the fence against whoever had it before."""

    seq: int
    delivery: int


class BusStore:
    """Each method is one transaction and raises Unavailable when the database is away."""

    def __init__(self, database: Database, lease: float) -> None:
        self.database = database
        self.lease = lease

    async def send(self, rows: Sequence[tuple[str, Message]]) -> None:
        """Store one row a queue and message, and wake whoever listens."""
        async with self.database.transaction(None) as connection:
            await connection.execute(bus_messages.insert(), [_row_of(queue, message) for queue, message in rows])
            await connection.execute(_NOTIFY)

    async def take(self, queue: str, most: int) -> Sequence[Row[Any]]:
        """Lease up to `most` messages, longest waiting first: (seq, message_id, type, body, headers, deliveries)."""
        async with self.database.transaction(None, durable=False) as connection:
            return (await connection.execute(_TAKE, {"queue": queue, "most": most, "lease": self.lease})).all()

    async def take_dead(self, queue: str, most: int) -> Sequence[Row[Any]]:
        """Lease up to `most` dead letters, oldest first: as `take`, with `died_at`."""
        async with self.database.transaction(None, durable=False) as connection:
            return (await connection.execute(_TAKE_DEAD, {"queue": queue, "most": most, "lease": self.lease})).all()

    async def settle(self, statement: TextClause, leases: Sequence[Lease]) -> None:
        """FORGET, RELEASE, BURY or RENEW these rows; the second and the last only while the lease holds."""
        if leases:
            seqs, deliveries = [one.seq for one in leases], [one.delivery for one in leases]
            async with self.database.transaction(None, durable=False) as connection:
                await connection.execute(statement, {"seqs": seqs, "deliveries": deliveries, "lease": self.lease})

    async def depth(self, queue: str) -> QueueDepth:
        async with self.database.transaction(None, durable=False) as connection:
            ready, dead = (await connection.execute(_DEPTH, {"queue": queue})).one()
            return QueueDepth(ready, dead)


def _row_of(queue: str, message: Message) -> dict[str, Any]:
    return {
        "queue": queue,
        "message_id": message.id,
        "type": message.type,
        "body": dict(message.body),
        "headers": dict(message.headers),
    }
