"""Dead letters as an operator works through them: looked at, and put into their queue again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.kernel.errors import Conflict, NotFound
from ai_platform.runtime import outbox
from ai_platform.runtime.bus import QueueName
from ai_platform.runtime.db import Database
from ai_platform.runtime.dead_letters import dead_letters
from ai_platform.runtime.outbox import Entry
from ai_platform.runtime.relay import Relay

AT_A_TIME: Final = 200
"""Letters that one transaction replays."""

_FORGET = text(
    """
    WITH old AS MATERIALIZED (
        SELECT id FROM dead_letters WHERE replayed_at < now() - CAST(:age AS interval)
        LIMIT :most FOR UPDATE SKIP LOCKED
    )
    DELETE FROM dead_letters USING old WHERE dead_letters.id = old.id
    """
)


class DeadLetterNotFound(NotFound):
    code = "dead_letter_not_found"

    def __init__(self, letter_id: UUID) -> None:
        super().__init__(f"There is no dead letter {letter_id}.")


class DeadLetterReplayed(Conflict):
    code = "dead_letter_replayed"

    def __init__(self, letter_id: UUID) -> None:
        super().__init__(f"The dead letter {letter_id} was replayed already.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterView:
    """One dead letter as it is shown; `attempts` oldest first."""

    id: UUID
    queue: str
    type: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    subject_id: UUID | None
    tenant_id: UUID | None
    code: str
    message: str
    attempts: Sequence[Mapping[str, Any]]
    died_at: datetime
    replayed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFilter:
    queue: str | None = None
    code: str | None = None
    type: str | None = None
    subject_id: UUID | None = None
    replayed: bool = False

    def clause(self) -> ColumnElement[bool]:
        given = {"queue": self.queue, "code": self.code, "type": self.type, "subject_id": self.subject_id}
        wanted = [dead_letters.c[name] == value for name, value in given.items() if value is not None]
        state = dead_letters.c.replayed_at
        return and_(state.is_not(None) if self.replayed else state.is_(None), *wanted)


class DeadLetterDesk:
    """Over all tenants. Each transaction marks letters and writes their messages to the outbox, or does neither."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self._database = database
        self._relay = relay

    async def get(self, letter_id: UUID) -> DeadLetterView:
        """Raises DeadLetterNotFound."""
        async with self._database.transaction(None) as connection:
            rows = await connection.execute(select(dead_letters).where(dead_letters.c.id == letter_id))
            row = rows.one_or_none()
        if row is None:
            raise DeadLetterNotFound(letter_id)
        return _view(row)

    async def page(
        self, where: LetterFilter, *, before: UUID | None, limit: int
    ) -> tuple[Sequence[DeadLetterView], bool]:
        """Newest first, strictly after the letter `before`; and whether there are more."""
        query = select(dead_letters).where(where.clause())
        query = query.order_by(dead_letters.c.died_at.desc(), dead_letters.c.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(_comes_after(before))
        async with self._database.transaction(None) as connection:
            found = [_view(row) for row in await connection.execute(query)]
        return found[:limit], len(found) > limit

    async def waiting(self) -> dict[str, int]:
        """How many letters of each queue wait for a replay."""
        query = select(dead_letters.c.queue, func.count().label("letters")).where(dead_letters.c.replayed_at.is_(None))
        async with self._database.transaction(None) as connection:
            rows = await connection.execute(query.group_by(dead_letters.c.queue))
            return {row["queue"]: row["letters"] for row in rows.mappings()}

    async def replay(self, letter_id: UUID) -> None:
        """Put it into its queue again. Raises DeadLetterNotFound, DeadLetterReplayed."""
        async with self._database.transaction(None) as connection:
            locked = select(dead_letters).where(dead_letters.c.id == letter_id).with_for_update()
            row = (await connection.execute(locked)).one_or_none()
            if row is None:
                raise DeadLetterNotFound(letter_id)
            if row.replayed_at is not None:
                raise DeadLetterReplayed(letter_id)
            entries = await _put_back(connection, [row])
        self._relay.take(entries)

    async def replay_all(self, where: LetterFilter) -> int:
        """Put all that wait and fit into their queues again, oldest first; how many it were.

        Those that die anew meanwhile are not replayed a second time.
        """
        async with self._database.transaction(None) as connection:
            until: datetime = (await connection.execute(select(func.now()))).scalar_one()
        replayed = 0
        while True:
            async with self._database.transaction(None) as connection:
                rows = (await connection.execute(_to_replay(where, until))).all()
                entries = await _put_back(connection, rows)
            self._relay.take(entries)
            replayed += len(rows)
            if len(rows) < AT_A_TIME:
                return replayed

    async def forget(self, age: timedelta, *, most: int = 1000) -> int:
        """Delete up to `most` that were replayed longer ago than `age`; how many it were."""
        async with self._database.transaction(None, durable=False) as connection:
            return (await connection.execute(_FORGET, {"age": age, "most": most})).rowcount


def _to_replay(where: LetterFilter, until: datetime) -> Select[Any]:
    return (
        select(dead_letters)
        .where(where.clause(), dead_letters.c.died_at <= literal(until))
        .order_by(dead_letters.c.died_at, dead_letters.c.id)
        .limit(AT_A_TIME)
        .with_for_update(skip_locked=True)
    )


async def _put_back(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Entry]:
    """Each becomes a new message, whose own death would be a new letter."""
    entries = [Entry(to=QueueName(row.queue), type=row.type, body=row.body, headers=row.headers) for row in rows]
    ids = [row.id for row in rows]
    await connection.execute(
        update(dead_letters).where(dead_letters.c.id.in_(ids)).values(replayed_at=func.clock_timestamp())
    )
    await outbox.write(connection, entries)
    return entries


def _comes_after(letter_id: UUID) -> ColumnElement[bool]:
    last = dead_letters.alias("last")
    is_older = tuple_(dead_letters.c.died_at, dead_letters.c.id) < tuple_(last.c.died_at, last.c.id)
    return select(last.c.id).where(last.c.id == letter_id, is_older).exists()


def _view(row: Row[Any]) -> DeadLetterView:
    return DeadLetterView(**row._mapping)
