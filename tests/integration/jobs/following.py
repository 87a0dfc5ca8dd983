"""Those who follow a job, and what they are told."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from ai_platform.jobs.application.follow_events import FollowEvents
from ai_platform.jobs.application.ports import JobEventReads, RecordedEvent, Token
from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.infrastructure.event_reads import PostgresEventReads
from ai_platform.jobs.infrastructure.followers import Followers
from ai_platform.jobs.infrastructure.live_wire import changes_to
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.live import LiveStream
from tests.integration.jobs.store import PostgresJobStore
from tests.patience import PATIENCE
from tests.unit.jobs.builders import a_job, a_result

Followed = AsyncGenerator[RecordedEvent | Token, None]


def followers_of(store: PostgresJobStore, live: LiveStream) -> Followers:
    return Followers(store.database, live, draining=lambda: False)


async def follow(
    store: PostgresJobStore, live: LiveStream, job: Job, *, after: int = 0, reads: JobEventReads | None = None
) -> Followed:
    use_case = FollowEvents(reads or PostgresEventReads(store.database), followers_of(store, live))
    stream = await use_case(DEFAULT_TENANT, job.id, after=after)
    assert stream is not None
    return stream


async def kinds(stream: Followed, number: int) -> list[str]:
    async with asyncio.timeout(PATIENCE):
        return [getattr(await anext(stream), "type", "job.token") for _ in range(number)]


async def rest(stream: Followed, *, within: float = PATIENCE) -> list[str]:
    async with asyncio.timeout(within):
        return [one.text if isinstance(one, Token) else one.type async for one in stream]


async def accepted(store: PostgresJobStore, **changes: Any) -> Job:
    job = a_job(**changes)
    job.accept()
    await store.intake.accept(job)
    return job


async def claimed(store: PostgresJobStore) -> Job:
    job = await store.claims.next()
    assert job is not None
    return job


async def complete(store: PostgresJobStore, job: Job) -> None:
    job.complete(a_result(text="Hello"), now=store.now())
    assert await store.claims.settle(job)


def told_on(store: PostgresJobStore, live: LiveStream) -> PostgresJobStore:
    """The store's writes wake those who follow."""
    store.claims._changed = changes_to(live)
    return store
