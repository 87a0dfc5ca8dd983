"""Webhooks as a sender works through them, over all tenants: claimed under a lease, settled by the attempt's number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from ai_platform.runtime.bus import Json
from ai_platform.runtime.db import Database
from ai_platform.runtime.webhook_retries import Next, Try

LEASE: Final = 20.0
"""Seconds for which a claimed delivery is its sender's: a try's longest, and time to write what came of it."""
_LOOKED_AT: Final = 500

_HOST = "lower(substring(url from '^[^:]+://([^/?]+)'))"
# MATERIALIZED: as a plain subquery it may be run once a row, and then takes more than `most`
_CLAIM = text(
    f"""
    WITH busy AS (
        SELECT host, sends FROM unnest(CAST(:hosts AS text[]), CAST(:sends AS int[])) AS given (host, sends)
    ), due AS MATERIALIZED (
        SELECT id, due_at, {_HOST} AS host FROM webhook_deliveries
        WHERE status = 'pending' AND due_at <= now()
            AND {_HOST} NOT IN (SELECT host FROM busy WHERE sends >= :per_host)
        ORDER BY due_at LIMIT {_LOOKED_AT}
    ), fair AS MATERIALIZED (
        SELECT ranked.id FROM (
            SELECT id, due_at, host, row_number() OVER (PARTITION BY host ORDER BY due_at, id) AS place FROM due
        ) AS ranked LEFT JOIN busy USING (host)
        WHERE place + coalesce(sends, 0) <= :per_host ORDER BY place, due_at LIMIT :most
    ), free AS MATERIALIZED (
        SELECT id FROM webhook_deliveries
        WHERE id IN (SELECT id FROM fair) AND status = 'pending' AND due_at <= now() FOR UPDATE SKIP LOCKED
    )
    UPDATE webhook_deliveries AS mine SET attempt = attempt + 1, due_at = now() + make_interval(secs => :lease)
    FROM free WHERE mine.id = free.id
    RETURNING mine.id, mine.tenant_id, attempt, url, {_HOST} AS host, payload, headers,
        jsonb_array_length(tries) AS tries
    """  # noqa: S608 - our own words
)
_SETTLE = text(
    """
    UPDATE webhook_deliveries SET status = :status, tries = tries || :made,
        due_at = CASE WHEN :status = 'pending' THEN now() + make_interval(secs => :seconds) ELSE due_at END,
        ended_at = CASE WHEN :status = 'pending' THEN NULL ELSE now() END
    WHERE id = :id AND attempt = :attempt AND status = 'pending'
    """
).bindparams(bindparam("made", type_=JSONB))
_RELEASE = text(
    """
    UPDATE webhook_deliveries SET due_at = now() + make_interval(secs => :seconds)
    WHERE id = :id AND attempt = :attempt AND status = 'pending'
    """
)
_FORGET = text(
    """
    WITH old AS MATERIALIZED (
        SELECT id FROM webhook_deliveries WHERE status <> 'pending' AND ended_at < now() - CAST(:age AS interval)
        LIMIT :most FOR UPDATE SKIP LOCKED
    )
    DELETE FROM webhook_deliveries USING old WHERE webhook_deliveries.id = old.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWebhook:
    """One claimed delivery; `host` counts towards what one receiver gets at a time, `tries` were made before."""

    id: UUID
    tenant_id: UUID
    attempt: int
    url: str
    host: str
    payload: Json
    headers: Mapping[str, str]
    tries: int


class WebhookQueue(Protocol):
    """What a sender needs: each call is one transaction and raises Unavailable when the database is away."""

    async def claim(self, most: int, *, busy: Mapping[str, int], per_host: int) -> Sequence[DueWebhook]:
        """Up to `most` that are due, at most `per_host` of one host with those that are under way (`busy`)."""

    async def settle(self, claimed: DueWebhook, made: Try, then: Next) -> None:
        """Add the try to the log and do what follows; nothing, when the claim is somebody else's now."""

    async def release(self, claimed: DueWebhook, *, seconds: float = 0.0) -> None:
        """Give it back unsent; it is due again in so many seconds."""


class PostgresWebhookQueue:
    """Implements `WebhookQueue`."""

    def __init__(self, database: Database, *, lease: float = LEASE) -> None:
        self._database = database
        self._lease = lease

    async def claim(self, most: int, *, busy: Mapping[str, int], per_host: int) -> Sequence[DueWebhook]:
        given = {"hosts": list(busy), "sends": list(busy.values())}
        async with self._database.transaction(None) as connection:
            rows = await connection.execute(_CLAIM, {**given, "most": most, "per_host": per_host, "lease": self._lease})
            return [DueWebhook(**row) for row in rows.mappings()]

    async def settle(self, claimed: DueWebhook, made: Try, then: Next) -> None:
        values: dict[str, Any] = {"status": then.status, "seconds": then.seconds}
        values["made"] = [made.record(claimed.attempt)]
        async with self._database.transaction(None) as connection:
            await connection.execute(_SETTLE, {"id": claimed.id, "attempt": claimed.attempt, **values})

    async def release(self, claimed: DueWebhook, *, seconds: float = 0.0) -> None:
        values = {"id": claimed.id, "attempt": claimed.attempt, "seconds": seconds}
        async with self._database.transaction(None) as connection:
            await connection.execute(_RELEASE, values)

    async def forget(self, age: timedelta, *, most: int = 1000) -> int:
        """Delete up to `most` that ended longer ago than `age`; how many it were."""
        async with self._database.transaction(None, durable=False) as connection:
            return (await connection.execute(_FORGET, {"age": age, "most": most})).rowcount
