"""What every job store remembers of a job, and when it tells those who follow it."""

from datetime import datetime

from ai_platform.jobs.domain.job import JobStatus
from tests.unit.jobs.builders import a_fault, a_result
from tests.unit.jobs.job_store import (
    LEASE,
    RETRIES,
    JobStore,
    accepted,
    claimed,
    claimed_again,
    recovered,
    retry,
    seen,
)


class Remembering:
    """`job_events`, written with what they tell of."""

    async def test_a_job_that_is_answered_was_queued_started_and_completed(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.complete(a_result(text="nul \x00"), now=store.now())
        await store.claims.settle(job)
        told = await store.told(job)
        assert [one.type for one in told] == ["job.queued", "job.started", "job.completed"]
        assert [one.data for one in told] == [
            {},
            {"attempt": 1},
            {
                "result": "nul ",
                "agent_type": "main",
                "config_name": "smart",
                "template_name": "assistant",
                "template_revision": 3,
                "usage": {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14, "cost_usd": 0.00006},
            },
        ]

    async def test_a_retry_tells_why_and_when(self, store: JobStore) -> None:
        await accepted(store, max_retries=1)
        job = await claimed(store)
        at = retry(job, store, message="lone \ud800")
        await store.claims.settle(job)
        [_, _, told] = await store.told(job)
        assert told.type == "job.retrying"
        assert datetime.fromisoformat(told.data.pop("next_retry_at")) == at
        error = {"code": "llm_overloaded", "message": "lone ?", "retryable": True}
        assert told.data == {"attempt": 1, "delay": 30.0, "reason": "failed", "error": error}

    async def test_a_retry_that_is_due_is_queued_again(self, store: JobStore) -> None:
        await accepted(store, max_retries=1)
        job = await claimed(store)
        job.hand_back(now=store.now())
        await store.claims.settle(job)
        await claimed_again(store)
        told = await store.told(job)
        assert [one.type for one in told][2:] == ["job.retrying", "job.queued", "job.started"]
        assert (told[2].data["reason"], told[-1].data) == ("handed_back", {"attempt": 2})

    async def test_a_failure_is_told_with_its_error(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.fail_attempt(a_fault(), policy=RETRIES, luck=0.5, now=store.now())
        await store.claims.settle(job)
        told = (await store.told(job))[-1]
        error = {"code": "llm_overloaded", "message": "Too many people ask.", "retryable": True}
        assert (told.type, told.data) == ("job.failed", {"error": error})

    async def test_a_lost_worker_is_told_too(self, store: JobStore) -> None:
        job = await accepted(store, max_retries=1)
        await claimed(store)
        await store.passes(LEASE + 1)
        await recovered(store)
        told = (await store.told(job))[-1]
        assert (told.type, told.data["error"]["code"]) == ("job.retrying", "worker_lost")

    async def test_an_attempt_that_was_too_late_tells_nothing(self, store: JobStore) -> None:
        await accepted(store, max_retries=1)
        stale = await claimed(store)
        await store.take_away(stale)
        before = await store.told(stale)
        stale.complete(a_result(), now=store.now())
        assert not await store.claims.settle(stale)
        assert await store.told(stale) == before

    async def test_of_steps_only_those_who_follow_are_told_and_of_the_end_whoever_may(self, store: JobStore) -> None:
        followed, other = await accepted(store, max_retries=1), await accepted(store, max_retries=1)
        await store.watch(followed)
        jobs = {job.id: job for job in (await claimed(store), await claimed(store))}
        assert (jobs[followed.id].is_watched, jobs[other.id].is_watched) == (True, False)
        assert await store.followers_told() == [followed.id]
        for job in jobs.values():
            job.complete(a_result(), now=store.now())
            await store.claims.settle(job)
        assert sorted(await store.followers_told()) == sorted([followed.id, followed.id, other.id])

    async def test_who_follows_a_lost_or_waiting_job_is_told_as_well(self, store: JobStore) -> None:
        job = await accepted(store, max_retries=1)
        await claimed(store)
        await store.watch(job)
        await store.passes(LEASE + 1)
        await recovered(store)
        assert await store.followers_told() == [job.id]
        await store.claims.offer_due_retries()
        assert await store.followers_told() == [job.id] * 2
        assert (await seen(store, job)).status is JobStatus.QUEUED
