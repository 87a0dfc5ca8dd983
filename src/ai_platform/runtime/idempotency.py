"""Doing once what may be asked twice: the key, its effect and its answer are committed together.

Whoever has the lock of a key works; another who comes meanwhile is refused, and one who comes later gets the
first answer again. A transaction that fails leaves no key, so the same request may be tried anew.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    TextClause,
    Uuid,
    bindparam,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.kernel.errors import Conflict, InvalidInput, PlatformError, Violation
from ai_platform.kernel.once import Json, Once
from ai_platform.runtime.db import Database, metadata

KEY_LENGTH: Final = 255
KEPT_HOURS: Final = 24
PURGED_AT_ONCE: Final = 1000

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", Uuid(), primary_key=True),
    Column("actor", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("key", String(KEY_LENGTH), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("answer", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_idempotency_keys_created_at", "created_at"),
)

_GIVEN: Final = """
    jsonb_to_recordset(:given) AS given (actor text, path text, key text, fingerprint text, answer jsonb)
"""
_SAME: Final = (
    "kept.tenant_id = :tenant_id AND (kept.actor, kept.path, kept.key) = (given.actor, given.path, given.key)"
)


def _statement(*parts: str) -> TextClause:
    return text(" ".join(parts)).bindparams(bindparam("given", type_=JSONB))


_LOCK = text("SELECT lock, pg_try_advisory_xact_lock(lock) AS is_ours FROM unnest(:locks) AS given (lock)").bindparams(
    bindparam("locks", type_=ARRAY(BigInteger()))
)
_FIND = _statement(
    "SELECT kept.actor, kept.path, kept.key, kept.fingerprint, kept.answer FROM", _GIVEN,
    "JOIN idempotency_keys AS kept ON", _SAME,
    "WHERE kept.created_at > now() - make_interval(hours => :hours)",
)  # fmt: skip
_KEEP = _statement(
    "INSERT INTO idempotency_keys (tenant_id, actor, path, key, fingerprint, answer)",
    "SELECT :tenant_id, actor, path, key, decode(fingerprint, 'hex'), answer FROM", _GIVEN,
)  # fmt: skip
_FORGET = _statement("DELETE FROM idempotency_keys AS kept USING", _GIVEN, "WHERE", _SAME)
_PURGE = text(
    """
    WITH old AS MATERIALIZED (
        SELECT tenant_id, actor, path, key FROM idempotency_keys
        WHERE created_at < now() - make_interval(hours => :hours)
        ORDER BY created_at LIMIT :most
    )
    DELETE FROM idempotency_keys USING old
    WHERE (idempotency_keys.tenant_id, idempotency_keys.actor, idempotency_keys.path, idempotency_keys.key)
        = (old.tenant_id, old.actor, old.path, old.key)
    """
)


class IdempotencyInProgress(Conflict):
    code = "idempotency_in_progress"

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still being worked on; try again shortly.")


class IdempotencyKeyReused(InvalidInput):
    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used with another body.",
            violations=(Violation(("header", "Idempotency-Key"), "was used with another body", self.code),),
        )


Earlier = Mapping[Once, Json | IdempotencyInProgress | IdempotencyKeyReused | None]


async def first_answer(connection: AsyncConnection, tenant_id: UUID, once: Once) -> Json | None:
    """What was answered to the same request before; None when it was never done. Raises IdempotencyKeyReused."""
    return _answer((await _first_answers(connection, tenant_id, [once]))[once])


async def begin(connection: AsyncConnection, tenant_id: UUID, once: Once) -> Json | None:
    """Like `first_answer`, and None makes the key ours until the transaction ends. Raises IdempotencyInProgress."""
    return _answer((await begin_all(connection, tenant_id, [once]))[once])


async def begin_all(connection: AsyncConnection, tenant_id: UUID, onces: Sequence[Once]) -> Earlier:
    """Each as `begin` answers or refuses it; no two have the same key.

    Two statements: the second has to see what was committed just before the lock became free.
    """
    if not onces:
        return {}
    locks = {_lock_of(tenant_id, once): once for once in onces}
    rows = await connection.execute(_LOCK, {"locks": list(locks)})
    ours = [locks[row.lock] for row in rows if row.is_ours]
    found = await _first_answers(connection, tenant_id, ours)
    return {once: found[once] if once in found else IdempotencyInProgress() for once in onces}


async def keep(connection: AsyncConnection, tenant_id: UUID, once: Once, answer: Json) -> None:
    """The answer, in the transaction of its effect. An older one has outlived its time."""
    await keep_all(connection, tenant_id, {once: answer})


async def keep_all(connection: AsyncConnection, tenant_id: UUID, answers: Mapping[Once, Json]) -> None:
    if answers:
        given = [
            {**_key(once), "fingerprint": once.fingerprint.hex(), "answer": dict(answers[once])} for once in answers
        ]
        await connection.execute(_FORGET, {"tenant_id": tenant_id, "given": given})
        await connection.execute(_KEEP, {"tenant_id": tenant_id, "given": given})


async def purge(database: Database) -> None:
    """Forget keys that are older than a day, some at a time."""
    async with database.transaction(None, durable=False) as connection:
        await connection.execute(_PURGE, {"hours": KEPT_HOURS, "most": PURGED_AT_ONCE})


async def _first_answers(connection: AsyncConnection, tenant_id: UUID, onces: Sequence[Once]) -> Earlier:
    if not onces:
        return {}
    given = {"tenant_id": tenant_id, "given": [_key(once) for once in onces], "hours": KEPT_HOURS}
    rows = {(row.actor, row.path, row.key): row for row in await connection.execute(_FIND, given)}
    return {once: _found(once, rows.get((once.actor, once.path, once.key))) for once in onces}


def _found(once: Once, row: Row[Any] | None) -> Json | IdempotencyKeyReused | None:
    if row is None:
        return None
    answer: dict[str, Any] = row.answer
    return answer if bytes(row.fingerprint) == once.fingerprint else IdempotencyKeyReused()


def _answer(found: Json | IdempotencyInProgress | IdempotencyKeyReused | None) -> Json | None:
    if isinstance(found, PlatformError):
        raise found
    return found


def _key(once: Once) -> dict[str, str]:
    return {"actor": once.actor, "path": once.path, "key": once.key}


def _lock_of(tenant_id: UUID, once: Once) -> int:
    words = "\x00".join((str(tenant_id), once.actor, once.path, once.key))
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], signed=True)
