"""What is forgotten of jobs."""

from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.types import Interval

from ai_platform.runtime import idempotency
from ai_platform.runtime.db import Database

FORGOTTEN_AT_ONCE: Final = 1000

_FORGET_EVENTS = text(
    """
    WITH old AS MATERIALIZED (
        SELECT job_events.id FROM job_events JOIN jobs ON jobs.id = job_events.job_id
        WHERE job_events.at < now() - :age AND jobs.completed_at < now() - :age
        LIMIT :most
    )
    DELETE FROM job_events USING old WHERE job_events.id = old.id
    """
).bindparams(bindparam("age", type_=Interval()))


_FORGET_WATCHES = text("DELETE FROM watched_jobs WHERE until < now()")


class Retention:
    """Events of jobs that ended long ago, and idempotency keys of yesterday; some at a time."""

    def __init__(self, database: Database, *, event_days: float) -> None:
        self._database = database
        self._age = timedelta(days=event_days)

    async def __call__(self) -> None:
        parameters = {"age": self._age, "most": FORGOTTEN_AT_ONCE}
        async with self._database.transaction(None, durable=False) as connection:
            await connection.execute(_FORGET_EVENTS, parameters)
            await connection.execute(_FORGET_WATCHES)
        await idempotency.purge(self._database)
