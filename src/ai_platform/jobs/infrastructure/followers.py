"""Those who follow jobs in this process: woken over the live stream, and by one look a second for all of them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from ai_platform.jobs.application.ports import Token
from ai_platform.jobs.infrastructure.live_wire import channel_of, signal_of
from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.db import Database
from ai_platform.runtime.live import MISSED, LiveStream, Subscription
from ai_platform.runtime.logging import get_logger

MOST_FOLLOWERS: Final = 1000
"""A process; each holds an open connection of HTTP."""

WATCHED_SECONDS: Final = 30
LOOK_SECONDS: Final = 1.0

# Not on the job's own row: while that was being noted, a worker would skip the job as locked.
_WATCH = text(
    """
    INSERT INTO watched_jobs (job_id, tenant_id, until)
    VALUES (:job, :tenant, now() + make_interval(secs => :seconds))
    ON CONFLICT (job_id) DO UPDATE SET until = excluded.until
    """
)
# SKIP LOCKED: another gateway that looks is renewing it.
_LOOK = text(
    """
    WITH due AS MATERIALIZED (
        SELECT job_id FROM watched_jobs
        WHERE job_id = ANY(:jobs) AND until < now() + make_interval(secs => :seconds / 2)
        FOR UPDATE SKIP LOCKED
    ), renewed AS (
        UPDATE watched_jobs SET until = now() + make_interval(secs => :seconds)
        FROM due WHERE watched_jobs.job_id = due.job_id
    )
    SELECT watched.id, (SELECT max(event.id) FROM job_events AS event WHERE event.job_id = watched.id) AS latest
    FROM unnest(:jobs) AS watched (id)
    """
).bindparams(bindparam("jobs", type_=ARRAY(Uuid())))

_log = get_logger(__name__)


@dataclass(slots=True)
class _Followed:
    """One job, with those who follow it here and the latest event that they were woken for."""

    subscriptions: list[Subscription] = field(default_factory=list)
    latest: int | None = None

    def look(self, latest: int | None) -> None:
        if latest != self.latest:
            self.latest = latest
            for subscription in self.subscriptions:
                subscription.offer(MISSED)


class Followers:
    """Implements `JobFollowers`.

    Redis only makes it quick: what it does not bring is found by the look. No connection of the database is held
    while one waits.
    """

    def __init__(self, database: Database, live: LiveStream, *, draining: Callable[[], bool]) -> None:
        self._database = database
        self._live = live
        self._draining = draining
        self._followed: defaultdict[UUID, _Followed] = defaultdict(_Followed)
        self._count = 0
        self._looking: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        return self._count

    def require_room(self) -> None:
        if self._count >= MOST_FOLLOWERS or self._draining():
            raise Unavailable(
                "No more event streams are served here at the moment.", code="too_many_event_streams", retry_after=5.0
            )

    @asynccontextmanager
    async def following(self, tenant_id: UUID, job_id: UUID) -> AsyncIterator[AsyncGenerator[Token | None, None]]:
        async with self._live.subscribe(channel_of(job_id)) as subscription:
            await self._watch(tenant_id, job_id)
            followed = self._followed[job_id]
            followed.subscriptions.append(subscription)
            self._count += 1
            if self._looking is None:
                self._looking = asyncio.create_task(self._look_while_followed(), name="job-followers")
            try:
                subscription.offer(MISSED)
                yield _signals(subscription)
            finally:
                self._count -= 1
                followed.subscriptions.remove(subscription)
                if not followed.subscriptions:
                    del self._followed[job_id]

    async def _watch(self, tenant_id: UUID, job_id: UUID) -> None:
        async with self._database.transaction(tenant_id, durable=False) as connection:
            await connection.execute(_WATCH, {"job": job_id, "tenant": tenant_id, "seconds": WATCHED_SECONDS})

    async def _look_while_followed(self) -> None:
        while self._followed:
            await asyncio.sleep(LOOK_SECONDS)
            if self._draining():
                for followed in self._followed.values():
                    for subscription in followed.subscriptions:
                        subscription.end()
                continue
            try:
                await self._look()
            except Unavailable:
                pass  # who is woken meanwhile learns it; the next look may succeed
            except Exception:  # noqa: BLE001 - the next look may succeed
                _log.exception("followers_look_failed")
        self._looking = None

    async def _look(self) -> None:
        jobs = list(self._followed)
        async with self._database.transaction(None, durable=False) as connection:
            rows = (await connection.execute(_LOOK, {"jobs": jobs, "seconds": WATCHED_SECONDS})).all()
        for row in rows:
            if followed := self._followed.get(row.id):
                followed.look(row.latest)


async def _signals(subscription: Subscription) -> AsyncGenerator[Token | None, None]:
    async for payload in subscription:
        yield signal_of(payload)
