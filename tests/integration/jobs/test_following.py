"""Following jobs on real PostgreSQL, with interleavings forced: whatever happens when, each event comes once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import text

from ai_platform.jobs.application.follow_events import FollowEvents
from ai_platform.jobs.application.ports import JobHistory, RecordedEvent
from ai_platform.jobs.domain.job import JobStatus
from ai_platform.jobs.infrastructure.event_reads import PostgresEventReads
from ai_platform.jobs.infrastructure.followers import Followers
from ai_platform.jobs.infrastructure.live_progress import LiveProgress
from ai_platform.kernel.clock import SystemClock
from ai_platform.kernel.errors import Unavailable
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.live import LiveStream, MemoryLiveStream
from ai_platform.runtime.live_redis import RedisLiveStream
from tests.integration.jobs.following import accepted, claimed, complete, follow, followers_of, kinds, rest, told_on
from tests.integration.jobs.store import PostgresJobStore
from tests.patience import PATIENCE
from tests.support import eventually


class DeafLiveStream(MemoryLiveStream):
    """As if Redis were away."""

    def tell(self, channel: str, payload: bytes) -> None:
        pass


@dataclass
class ReadsWithSomethingBetween:
    """Something happens after those who follow have subscribed, right before or after their first read."""

    reads: PostgresEventReads
    before: Callable[[], Awaitable[object]] | None = None
    after_it: Callable[[], Awaitable[object]] | None = None
    read: int = 0

    async def after(self, tenant_id: UUID, job_id: UUID, event_id: int) -> JobHistory | None:
        self.read += 1
        if self.read == 2 and self.before is not None:  # the first decides whether there is a stream at all
            await self.before()
        history = await self.reads.after(tenant_id, job_id, event_id)
        if self.read == 2 and self.after_it is not None:
            await self.after_it()
        return history


@pytest.fixture(params=["Redis", "memory"])
async def live(request: pytest.FixtureRequest) -> AsyncIterator[LiveStream]:
    live = MemoryLiveStream() if request.param == "memory" else RedisLiveStream(request.getfixturevalue("redis_url"))
    yield live
    await live.close()


async def test_a_whole_life_comes_in_order_and_each_event_once(store: PostgresJobStore, live: LiveStream) -> None:
    told_on(store, live)
    job = await accepted(store)
    stream = await follow(store, live, job)
    assert await kinds(stream, 1) == ["job.queued"]
    running = await claimed(store)
    assert await kinds(stream, 1) == ["job.started"]
    async with LiveProgress(store.database, live, SystemClock()).listening(running) as listener:
        listener.node("moderation", 1.25)
        listener.token("Hel")
        listener.node("main", 10)
        listener.token("lo")
    await complete(store, running)
    told = await rest(stream)
    assert [one for one in told if one.startswith("job.")] == ["job.node", "job.node", "job.completed"]
    assert "".join(one for one in told if not one.startswith("job.")) == "Hello"


async def test_what_is_committed_between_subscribing_and_reading_comes_once(
    store: PostgresJobStore, live: LiveStream
) -> None:
    told_on(store, live)
    job = await accepted(store)
    reads = ReadsWithSomethingBetween(PostgresEventReads(store.database), before=lambda: claimed(store))
    stream = await follow(store, live, job, reads=reads)
    assert await kinds(stream, 2) == ["job.queued", "job.started"]
    job.status, job.attempt = JobStatus.PROCESSING, 1
    await complete(store, job)
    assert await rest(stream) == ["job.completed"]


async def test_what_is_committed_right_after_the_read_comes_once(store: PostgresJobStore, live: LiveStream) -> None:
    told_on(store, live)
    job = await accepted(store)
    reads = ReadsWithSomethingBetween(PostgresEventReads(store.database), after_it=lambda: claimed(store))
    stream = await follow(store, live, job, reads=reads)
    assert await kinds(stream, 2) == ["job.queued", "job.started"]
    job.status, job.attempt = JobStatus.PROCESSING, 1
    await complete(store, job)
    assert await rest(stream) == ["job.completed"]


async def test_to_follow_a_job_takes_nothing_from_the_worker_that_claims_it(
    store: PostgresJobStore, live: LiveStream
) -> None:
    job = await accepted(store)
    async with store.database.transaction(None) as worker:
        await worker.execute(text("SELECT id FROM jobs WHERE id = :id FOR UPDATE"), {"id": job.id})
        async with asyncio.timeout(PATIENCE), followers_of(store, live).following(DEFAULT_TENANT, job.id):
            pass  # who needed the row would wait here, and who had it would be skipped by the claim


async def test_without_redis_every_event_still_comes_within_seconds(store: PostgresJobStore) -> None:
    live = DeafLiveStream()
    await accepted(store)
    running = await claimed(store)
    stream = await follow(store, live, running)
    assert await kinds(stream, 2) == ["job.queued", "job.started"]
    await complete(store, running)
    assert await rest(stream, within=15) == ["job.completed"]


async def test_one_goes_on_after_the_last_event_that_was_seen(store: PostgresJobStore, live: LiveStream) -> None:
    job = await accepted(store)
    async with aclosing(await follow(store, live, job)) as first:
        seen = await anext(first)
    assert isinstance(seen, RecordedEvent)
    running = await claimed(store)
    await complete(store, running)
    assert await rest(await follow(store, live, job, after=seen.id)) == ["job.started", "job.completed"]


async def test_readers_hold_no_connection_while_they_wait_and_leave_nothing_behind(store: PostgresJobStore) -> None:
    live = MemoryLiveStream()
    followers = followers_of(store, live)
    use_case = FollowEvents(PostgresEventReads(store.database), followers)
    job = await accepted(store)
    streams = [await use_case(DEFAULT_TENANT, job.id, after=0) for _ in range(100)]
    first = await asyncio.gather(*(anext(one) for one in streams if one is not None))
    assert len(first) == followers.count == 100
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in tr%'"
    assert (await store.as_owner(sql))[0]["count"] == 0
    tasks = asyncio.all_tasks()
    await asyncio.gather(*(one.aclose() for one in streams if one is not None))
    assert followers.count == 0
    await eventually(lambda: not [one for one in tasks if one.get_name() == "job-followers" and not one.done()])


async def test_streams_end_when_the_process_drains_and_no_more_begin(store: PostgresJobStore) -> None:
    draining = asyncio.Event()
    followers = Followers(store.database, MemoryLiveStream(), draining=draining.is_set)
    use_case = FollowEvents(PostgresEventReads(store.database), followers)
    job = await accepted(store)
    stream = await use_case(DEFAULT_TENANT, job.id, after=0)
    assert stream is not None
    await anext(stream)
    draining.set()
    assert await rest(stream, within=15) == []
    with pytest.raises(Unavailable):
        await use_case(DEFAULT_TENANT, job.id, after=0)
