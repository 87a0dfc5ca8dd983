"""Doing once what may be asked twice: the key, its effect and its answer are committed together.

Whoever has the lock of a key works; another who comes meanwhile is refused, and one who comes later gets the
first answer again. A transaction that fails leaves no key, so the same request may be tried anew.
"""

import hashlib
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, LargeBinary, String, Table, Text, Uuid, bindparam, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.kernel.errors import Conflict, InvalidInput, Violation
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

_LOCK = text("SELECT pg_try_advisory_xact_lock(:lock)")
_FIND = text(
    """
    SELECT fingerprint, answer, created_at > now() - make_interval(hours => :hours) AS is_kept FROM idempotency_keys
    WHERE tenant_id = :tenant_id AND actor = :actor AND path = :path AND key = :key
    """
)
_KEEP = text(
    """
    INSERT INTO idempotency_keys (tenant_id, actor, path, key, fingerprint, answer)
    VALUES (:tenant_id, :actor, :path, :key, :fingerprint, :answer)
    """
).bindparams(bindparam("answer", type_=JSONB))
_FORGET = text(
    """
    DELETE FROM idempotency_keys WHERE tenant_id = :tenant_id AND actor = :actor AND path = :path AND key = :key
    """
)
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


async def first_answer(connection: AsyncConnection, tenant_id: UUID, once: Once) -> Json | None:
    """What was answered to the same request before; None when it was never done. Raises IdempotencyKeyReused."""
    row = (await connection.execute(_FIND, {**_key(tenant_id, once), "hours": KEPT_HOURS})).one_or_none()
    if row is None or not row.is_kept:
        return None
    if bytes(row.fingerprint) != once.fingerprint:
        raise IdempotencyKeyReused
    answer: dict[str, Any] = row.answer
    return answer


async def begin(connection: AsyncConnection, tenant_id: UUID, once: Once) -> Json | None:
    """Like `first_answer`, and None makes the key ours until the transaction ends. Raises IdempotencyInProgress.

    Two statements: the second has to see what was committed just before the lock became free.
    """
    if not await connection.scalar(_LOCK, {"lock": _lock_of(tenant_id, once)}):
        raise IdempotencyInProgress
    return await first_answer(connection, tenant_id, once)


async def keep(connection: AsyncConnection, tenant_id: UUID, once: Once, answer: Json) -> None:
    """The answer, in the transaction of its effect. An older one has outlived its time."""
    key = _key(tenant_id, once)
    await connection.execute(_FORGET, key)
    await connection.execute(_KEEP, {**key, "fingerprint": once.fingerprint, "answer": dict(answer)})


async def purge(database: Database) -> None:
    """Forget keys that are older than a day, some at a time."""
    async with database.transaction(None, durable=False) as connection:
        await connection.execute(_PURGE, {"hours": KEPT_HOURS, "most": PURGED_AT_ONCE})


def _key(tenant_id: UUID, once: Once) -> dict[str, Any]:
    return {"tenant_id": tenant_id, "actor": once.actor, "path": once.path, "key": once.key}


def _lock_of(tenant_id: UUID, once: Once) -> int:
    words = "\x00".join((str(tenant_id), once.actor, once.path, once.key))
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], signed=True)
