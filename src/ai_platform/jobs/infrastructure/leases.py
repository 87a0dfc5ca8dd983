"""Renewing what a worker holds, on a connection of its own: a pool that is exhausted must not cost a claim."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import Integer, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from ai_platform.runtime.claims import Claim, Renew
from ai_platform.runtime.db import Database

_RENEW = text(
    """
    WITH held AS MATERIALIZED (
        SELECT id, attempt FROM jobs JOIN unnest(:ids, :attempts) AS claimed (id, attempt) USING (id, attempt)
        WHERE jobs.status = 'PROCESSING'
    ), free AS MATERIALIZED (
        SELECT jobs.id FROM jobs JOIN held USING (id, attempt)
        WHERE jobs.status = 'PROCESSING' FOR NO KEY UPDATE OF jobs SKIP LOCKED
    ), renewed AS (
        UPDATE jobs SET lease_expires_at = now() + make_interval(secs => :lease)
        FROM free WHERE jobs.id = free.id
    )
    SELECT id, attempt FROM held
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("attempts", type_=ARRAY(Integer)))
# SKIP LOCKED: a heartbeat that waited for jobs which are just being settled would deadlock with that.


@asynccontextmanager
async def renewing(database: Database, lease_seconds: float) -> AsyncIterator[Renew]:
    """For the heartbeat's thread. What it yields raises Unavailable."""
    own = database.apart()

    async def renew(claims: Sequence[Claim]) -> set[Claim]:
        parameters = {
            "lease": lease_seconds,
            "ids": [claim.id for claim in claims],
            "attempts": [claim.attempt for claim in claims],
        }
        async with own.transaction(None, durable=False) as connection:
            rows = await connection.execute(_RENEW, parameters)
            return {Claim(row.id, row.attempt) for row in rows}

    try:
        yield renew
    finally:
        await own.close()
