"""What every job store does with a request that comes again, and with more than may wait."""

import pytest

from ai_platform.jobs.application.wake_ups import WAKE_UP
from ai_platform.jobs.domain.errors import QueueFull
from ai_platform.jobs.domain.job import Job
from ai_platform.kernel.errors import InvalidInput
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.jobs.builders import OTHER_TENANT, a_job
from tests.unit.jobs.job_store import (
    JobStore,
    accepted,
    once,
)

HOOK = "https://example.com/hook"


class AcceptingOnce:
    """`JobIntake.accept_together` with a key."""

    async def test_the_same_request_is_accepted_once(self, store: JobStore) -> None:
        first = await store.intake.accept_together([a_new_job(store)], once())
        again = await store.intake.accept_together([a_new_job(store)], once())
        assert (first.is_replay, again.is_replay, again.job_ids) == (False, True, first.job_ids)
        assert await store.intake.earlier(DEFAULT_TENANT, once()) == again
        assert [one.type for one in await store.sent()] == [WAKE_UP]

    async def test_the_same_key_for_something_else_is_refused(self, store: JobStore) -> None:
        await store.intake.accept_together([a_new_job(store)], once())
        for ask in (store.intake.accept_together([a_new_job(store)], once(fingerprint=b"2" * 32)),):
            with pytest.raises(InvalidInput) as refusal:
                await ask
            assert refusal.value.stable_code == "idempotency_key_reused"

    @pytest.mark.parametrize("other", [{"actor": "bert"}, {"path": "/v1/jobs/batch"}, {"key": "other"}])
    async def test_a_key_means_nothing_elsewhere(self, store: JobStore, other: dict[str, str]) -> None:
        await store.intake.accept_together([a_new_job(store)], once())
        accepted_too = await store.intake.accept_together([a_new_job(store)], once(**other))
        assert not accepted_too.is_replay

    async def test_a_key_of_another_tenant_means_nothing(self, store: JobStore) -> None:
        await store.intake.accept_together([a_new_job(store)], once())
        assert await store.intake.earlier(OTHER_TENANT, once()) is None

    async def test_a_key_is_forgotten_after_a_day(self, store: JobStore) -> None:
        await store.intake.accept_together([a_new_job(store)], once())
        await store.passes(24 * 3600 + 1)
        assert await store.intake.earlier(DEFAULT_TENANT, once()) is None
        later = await store.intake.accept_together([a_new_job(store)], once(fingerprint=b"2" * 32))
        assert not later.is_replay

    async def test_a_commit_that_fails_leaves_the_key_free(self, store: JobStore) -> None:
        async with store.failing_commits():
            with pytest.raises(store.refusal):
                await store.intake.accept_together([a_new_job(store)], once())
        assert not (await store.intake.accept_together([a_new_job(store)], once())).is_replay

    async def test_a_batch_is_kept_wholly_or_not_at_all(self, store: JobStore) -> None:
        jobs = [a_new_job(store) for _ in range(3)]
        async with store.failing_commits():
            with pytest.raises(store.refusal):
                await store.intake.accept_together(jobs, None)
        assert [await store.reads.get(DEFAULT_TENANT, job.id) for job in jobs] == [None] * 3


class LimitingTheQueue:
    """A fixture `small_store` whose tenants may have three jobs waiting."""

    async def test_no_more_wait_than_may(self, small_store: JobStore) -> None:
        for _ in range(3):
            await accepted(small_store)
        with pytest.raises(QueueFull) as refusal:
            await accepted(small_store)
        assert refusal.value.retry_after is not None
        await accepted(small_store, tenant_id=OTHER_TENANT)

    async def test_a_batch_counts_with_all_its_jobs(self, small_store: JobStore) -> None:
        await accepted(small_store)
        with pytest.raises(QueueFull):
            await small_store.intake.accept_together([a_new_job(small_store) for _ in range(3)], None)
        await small_store.intake.accept_together([a_new_job(small_store) for _ in range(2)], None)


def a_new_job(store: JobStore) -> Job:
    job = a_job(created_at=store.now())
    job.accept()
    return job
