"""Decisions about jobs, against a real heartbeat and against each other."""

import asyncio
import time
from collections import Counter
from datetime import timedelta

from ai_platform.jobs.application.ports import Accepted
from ai_platform.jobs.application.run_next_job import RunNextJob
from ai_platform.jobs.domain.job import Job, JobStatus
from ai_platform.jobs.infrastructure.retention import Retention
from ai_platform.runtime.idempotency import IdempotencyInProgress
from tests.integration.jobs.store import PostgresJobStore
from tests.support import eventually
from tests.unit.jobs.builders import POLICY, a_job, a_result
from tests.unit.jobs.fakes import FakeLlm, FakeProgress
from tests.unit.jobs.job_store import accepted, cancelled, claimed, failed, once, seen


async def test_a_model_call_stops_within_two_seconds_of_the_cancel(store: PostgresJobStore) -> None:
    llm = FakeLlm(None)
    job = await accepted(store)
    run = asyncio.create_task(RunNextJob(store.claims, FakeProgress(), llm, store, POLICY, lambda: 0.5)())
    await eventually(lambda: llm.thinking)
    began = time.monotonic()
    await cancelled(store, job)
    await eventually(lambda: not llm.thinking)
    assert time.monotonic() - began < 2.0
    assert await run
    assert (await seen(store, job)).status is JobStatus.CANCELLED
    assert (await store.told(job))[-1].type == "job.cancelled"


async def test_fifty_requests_with_one_key_are_one_job(store: PostgresJobStore) -> None:
    async def ask() -> Accepted:
        job = a_job()
        job.accept()
        return await store.intake.accept_together([job], once())

    ends = await asyncio.gather(*(ask() for _ in range(50)), return_exceptions=True)
    kinds = Counter(end.is_replay if isinstance(end, Accepted) else type(end) for end in ends)
    assert kinds[False] == 1
    assert kinds[False] + kinds[True] + kinds[IdempotencyInProgress] == 50
    assert len({end.job_ids for end in ends if isinstance(end, Accepted)}) == 1
    [row] = await store.as_owner("SELECT count(*) FROM jobs")
    assert row["count"] == 1
    assert len(await store.sent()) == 1


async def test_a_key_is_kept_when_the_connection_dies_after_the_effect_and_before_the_commit(
    store: PostgresJobStore,
) -> None:
    """Neither: then the repeat does the work, once."""
    job = a_job()
    job.accept()
    async with store.failing_commits(first=1, sqlstate="57P01"):
        refused = await asyncio.gather(store.intake.accept_together([job], once()), return_exceptions=True)
        assert isinstance(refused[0], Exception)
        again = a_job()
        again.accept()
        assert not (await store.intake.accept_together([again], once())).is_replay
    assert (await store.as_owner("SELECT id FROM jobs"))[0]["id"] == again.id


async def test_a_payload_shows_the_job_as_get_does_without_its_prompt(store: PostgresJobStore) -> None:
    await accepted(store, callback_url="https://example.com/hook", metadata={"order": 7})
    job = await claimed(store)
    job.complete(a_result(), now=store.now())
    await store.claims.settle(job)
    [row] = await store.as_owner(
        "SELECT type, subject_id, payload->'data'->>'job_id' AS job_id, payload->'data'->>'prompt' AS prompt, "
        "payload->'data'->'metadata'->>'order' AS number, payload->'data'->>'result' AS result, "
        "payload->'data'->'usage'->>'total_tokens' AS tokens, payload->>'timestamp' AS at, "
        "(payload->'data'->>'version')::int AS version FROM webhook_deliveries"
    )
    assert (row["type"], row["subject_id"], row["job_id"]) == ("job.completed", job.id, str(job.id))
    assert (row["prompt"], row["number"], row["result"], row["tokens"]) == (None, "7", "An old silent pond", "14")
    assert row["at"].endswith("Z")
    assert row["version"] == (await seen(store, job)).version


async def test_who_answered_is_kept(store: PostgresJobStore) -> None:
    await accepted(store)
    job = await claimed(store)
    job.complete(a_result(config_name="cheap"), now=store.now())
    await store.claims.settle(job)
    assert (await seen(store, job)).answered_by == "cheap"


async def test_old_events_of_jobs_that_ended_long_ago_and_old_keys_are_forgotten(store: PostgresJobStore) -> None:
    old, fresh, waiting = await failed(store), await failed(store), await accepted(store)
    await store.intake.accept_together([_accepted_job()], once("old"))
    await store.intake.accept_together([_accepted_job()], once("new"))
    age = timedelta(days=2)
    await store.as_owner("UPDATE idempotency_keys SET created_at = created_at - $1::interval WHERE key = 'old'", age)
    await store.as_owner("UPDATE job_events SET at = at - $1::interval WHERE job_id <> $2", age, fresh.id)
    await store.as_owner("UPDATE jobs SET completed_at = completed_at - $1::interval WHERE id = $2", age, old.id)
    await Retention(store.database, event_days=1.0)()
    assert await store.told(old) == []
    assert len(await store.told(fresh)) == 3
    assert len(await store.told(waiting)) == 1
    assert [row["key"] for row in await store.as_owner("SELECT key FROM idempotency_keys")] == ["new"]


def _accepted_job() -> Job:
    job = a_job()
    job.accept()
    return job
