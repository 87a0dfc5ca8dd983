"""Workers know whether somebody follows, and record each step of a job once and in its order."""

import asyncio

import pytest

from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.infrastructure.live_progress import LiveProgress
from ai_platform.kernel.clock import SystemClock
from ai_platform.runtime.live import MemoryLiveStream
from tests.integration.jobs.following import accepted, claimed, follow
from tests.integration.jobs.store import PostgresJobStore
from tests.support import eventually


async def test_workers_know_that_somebody_follows_and_no_longer_when_nobody_does(store: PostgresJobStore) -> None:
    job = await accepted(store)
    stream = await follow(store, MemoryLiveStream(), job)
    await anext(stream)
    await store.as_owner("UPDATE watched_jobs SET until = now() + interval '1 second' WHERE job_id = $1", job.id)

    async def is_renewed() -> bool:
        [row] = await store.as_owner(
            "SELECT until > now() + interval '20 seconds' AS renewed FROM watched_jobs WHERE job_id = $1", job.id
        )
        return bool(row["renewed"])

    waiting = asyncio.create_task(anext(stream))
    await eventually(is_renewed)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await store.as_owner("UPDATE watched_jobs SET until = now() - interval '1 second' WHERE job_id = $1", job.id)
    assert not (await claimed(store)).is_watched


async def test_whoever_follows_while_nobody_has_claimed_is_known_at_the_claim(store: PostgresJobStore) -> None:
    job = await accepted(store)
    stream = await follow(store, MemoryLiveStream(), job)
    await anext(stream)
    assert (await claimed(store)).is_watched
    await stream.aclose()


async def test_steps_of_a_lost_attempt_are_not_recorded(store: PostgresJobStore) -> None:
    await accepted(store)
    running = await claimed(store)
    await store.take_away(running)
    async with LiveProgress(store.database, MemoryLiveStream(), SystemClock()).listening(running) as listener:
        listener.node("late", 1)
    assert [one.type for one in await store.told(running)] == ["job.queued", "job.started"]


async def test_steps_of_many_jobs_are_recorded_each_in_its_order(store: PostgresJobStore) -> None:
    progress = LiveProgress(store.database, MemoryLiveStream(), SystemClock())
    for _ in range(20):
        await accepted(store)
    running = [await claimed(store) for _ in range(20)]

    async def work(job: Job) -> None:
        async with progress.listening(job) as listener:
            for number in range(5):
                listener.node(f"step-{number}", number)
                await asyncio.sleep(0)

    await asyncio.gather(*map(work, running))
    for job in running:
        steps = [one.data["name"] for one in await store.told(job) if one.type == "job.node"]
        assert steps == [f"step-{number}" for number in range(5)]
