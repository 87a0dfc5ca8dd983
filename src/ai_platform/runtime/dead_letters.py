"""What a dead letter is: a row that says what could not be done, why, and how to have it done again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.runtime.bus import Json
from ai_platform.runtime.db import metadata

_WAITING = text("replayed_at IS NULL")

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Uuid(), primary_key=True),
    Column("queue", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("headers", JSONB, nullable=False, server_default="{}"),
    Column("subject_id", Uuid()),
    Column("tenant_id", Uuid()),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("attempts", JSONB, nullable=False, server_default="[]"),
    Column("died_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("replayed_at", DateTime(timezone=True)),
    Index("ix_dead_letters_waiting", "queue", "id", postgresql_where=_WAITING),
    Index("ix_dead_letters_subject", "subject_id", postgresql_where=_WAITING),
)

_ADD = insert(dead_letters).on_conflict_do_nothing()
_RESOLVE = text("UPDATE dead_letters SET replayed_at = now() WHERE subject_id = :subject AND replayed_at IS NULL")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """`type`, `body` and `headers` are what a replay puts into `queue`; `code` and `message` say why it died.

    `subject_id` is the work it stands for, None for a message that nobody could work off. `attempts`, oldest
    first: `{"attempt": 1, "at": <ISO 8601>, "error": {"code", "message"}}`.
    """

    id: UUID
    queue: str
    type: str
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    subject_id: UUID | None = None
    tenant_id: UUID | None = None
    code: str
    message: str
    attempts: Sequence[Mapping[str, Any]] = ()


async def write(connection: AsyncConnection, letters: Sequence[DeadLetter]) -> None:
    """Insert the rows in the caller's transaction; one that is there already is left as it is."""
    if letters:
        await connection.execute(_ADD, [_row_of(letter) for letter in letters])


async def resolve(connection: AsyncConnection, subject_id: UUID) -> None:
    """The work is being done again, so its letter waits no longer. A second time changes nothing."""
    await connection.execute(_RESOLVE, {"subject": subject_id})


def _row_of(letter: DeadLetter) -> dict[str, object]:
    return {
        "id": letter.id,
        "queue": letter.queue,
        "type": letter.type,
        "body": dict(letter.body),
        "headers": dict(letter.headers),
        "subject_id": letter.subject_id,
        "tenant_id": letter.tenant_id,
        "code": letter.code,
        "message": letter.message,
        "attempts": [dict(attempt) for attempt in letter.attempts],
    }
