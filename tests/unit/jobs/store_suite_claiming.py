"""What every job store does with jobs that wait, and how it shows them."""

import asyncio
from collections import Counter
from uuid import UUID

from ai_platform.jobs.application.ports import JobFilter
from ai_platform.jobs.domain.job import JobStatus, Pipeline, Priority
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.jobs.builders import NOON, OTHER_TENANT, a_job
from tests.unit.jobs.job_store import (
    TRACE,
    JobStore,
    accepted,
    claimed,
    claimed_again,
    recovered,
    retry,
    seen,
)


class Claiming:
    """`JobIntake` and `JobClaims.next`."""

    async def test_an_accepted_job_is_claimed_as_it_was_submitted(self, store: JobStore) -> None:
        job = await accepted(
            store,
            pipeline=Pipeline.SINGLE,
            priority=Priority.HIGH,
            variables={"tone": "🌊 calm"},
            context={"history": [{"role": "user", "content": "Hi"}], "is_followup": True},
            metadata={"order": {"lines": [1, 2.5, None]}},
            trace=TRACE,
            stream=True,
            timeout_seconds=2.5,
            max_retries=4,
        )
        claim = await claimed(store)
        same = ["id", "tenant_id", "prompt", "config_name", "template_name", "pipeline", "priority", "variables"]
        same += ["context", "trace", "stream", "timeout_seconds", "max_retries", "created_at"]
        assert {name: getattr(claim, name) for name in same} == {name: getattr(job, name) for name in same}
        assert (claim.status, claim.attempt, claim.retry_count) == (JobStatus.PROCESSING, 1, 0)
        assert claim.started_at is not None

    async def test_an_accepted_job_is_shown_as_it_was_submitted(self, store: JobStore) -> None:
        job = await accepted(store, metadata={"order": {"lines": [1, 2.5, None]}}, max_retries=4)
        view = await seen(store, job)
        assert (view.status, view.prompt, view.metadata) == (JobStatus.QUEUED, job.prompt, job.metadata)
        assert (view.config_name, view.template_name, view.pipeline) == (job.config_name, job.template_name, "single")
        assert (view.retry_count, view.max_retries, view.version) == (0, 4, 1)
        assert (view.result, view.error, view.usage, view.agent_type) == (None, None, None, None)
        assert (view.started_at, view.completed_at, view.next_retry_at) == (None, None, None)
        assert view.created_at == job.created_at

    async def test_nothing_waits_in_an_empty_store(self, store: JobStore) -> None:
        assert await store.claims.next() is None
        assert await recovered(store) == 0
        assert await store.reads.page(DEFAULT_TENANT, JobFilter(), before=None, limit=10) == []

    async def test_a_higher_priority_is_claimed_first_and_the_earlier_within_one(self, store: JobStore) -> None:
        both = (Priority.LOW, Priority.NORMAL, Priority.HIGH) * 2
        jobs = [await accepted(store, priority=priority) for priority in both]
        order = [(await claimed(store)).id for _ in jobs]
        assert order == [job.id for job in sorted(jobs, key=lambda job: job.priority)]

    async def test_a_tenant_with_one_job_does_not_wait_for_a_tenant_with_fifty(self, store: JobStore) -> None:
        for _ in range(50):
            await accepted(store)
        lone = await accepted(store, tenant_id=OTHER_TENANT)
        first = [(await claimed(store)).id for _ in range(3)]
        assert lone.id in first

    async def test_fairness_is_kept_within_a_batch_that_arrives_together(self, store: JobStore) -> None:
        await asyncio.gather(*(accepted(store) for _ in range(50)))
        lone = await accepted(store, tenant_id=OTHER_TENANT)
        first = [(await claimed(store)).id for _ in range(3)]
        assert lone.id in first

    async def test_a_low_job_pays_nothing_for_its_tenants_normal_ones(self, store: JobStore) -> None:
        for _ in range(10):
            await accepted(store)
        own = await accepted(store, priority=Priority.LOW)
        await store.passes(1)
        await accepted(store, priority=Priority.LOW, tenant_id=OTHER_TENANT)
        order = [(await claimed(store)).id for _ in range(12)]
        assert order[10] == own.id

    async def test_each_job_is_claimed_by_one_of_many_claimants(self, store: JobStore) -> None:
        jobs = [await accepted(store) for _ in range(20)]
        claims = await asyncio.gather(*(store.claims.next() for _ in range(50)))
        times = Counter(claim.id for claim in claims if claim is not None)
        assert times == {job.id: 1 for job in jobs}

    async def test_a_retry_is_offered_when_it_is_due_and_not_before(self, store: JobStore) -> None:
        await accepted(store, max_retries=3)
        job = await claimed(store)
        retry(job, store)
        assert await store.claims.settle(job)
        for seconds in (20, 11):
            await store.claims.offer_due_retries()
            assert await store.claims.next() is None
            await store.passes(seconds)
        again = await claimed_again(store)
        assert (again.id, again.attempt, again.retry_count) == (job.id, 2, 1)
        assert again.started_at == job.started_at
        assert again.error == job.error

    async def test_a_tenant_with_one_job_does_not_wait_for_fifty_retries_that_come_due_together(
        self, store: JobStore
    ) -> None:
        for _ in range(50):
            await accepted(store, max_retries=1)
        for _ in range(50):
            job = await claimed(store)
            retry(job, store)
            await store.claims.settle(job)
        await store.passes(31)
        await asyncio.gather(*(store.claims.offer_due_retries() for _ in range(50)))
        lone = await accepted(store, tenant_id=OTHER_TENANT)
        first = [(await claimed(store)).id for _ in range(3)]
        assert lone.id in first

    async def test_a_job_that_was_handed_back_is_offered_at_once(self, store: JobStore) -> None:
        await accepted(store, max_retries=0)
        job = await claimed(store)
        job.hand_back(now=store.now())
        assert await store.claims.settle(job)
        again = await claimed_again(store)
        assert (again.id, again.attempt, again.retry_count) == (job.id, 2, 0)


class Reading:
    """`JobReads`."""

    async def test_the_newest_job_comes_first(self, store: JobStore) -> None:
        ids = [(await accepted(store)).id for _ in range(5)]
        views = await store.reads.page(DEFAULT_TENANT, JobFilter(), before=None, limit=10)
        assert [view.id for view in views] == sorted(ids, reverse=True)

    async def test_pages_have_neither_gaps_nor_repeats_while_jobs_arrive(self, store: JobStore) -> None:
        ids = [(await accepted(store)).id for _ in range(11)]
        found: list[UUID] = []
        before = None
        for _ in range(3):
            views = await store.reads.page(DEFAULT_TENANT, JobFilter(), before=before, limit=4)
            found += [view.id for view in views]
            before = views[-1].id
            await accepted(store, id=UUID(int=max(ids).int + len(found)))
        assert found == sorted(ids, reverse=True)
        assert await store.reads.page(DEFAULT_TENANT, JobFilter(), before=before, limit=4) == []

    async def test_a_list_is_filtered_by_status_and_config_together(self, store: JobStore) -> None:
        for config_name in ("fast", "smart", "fast"):
            await accepted(store, config_name=config_name)
        job = await claimed(store)
        assert job.config_name == "fast"
        for where, expected in (
            (JobFilter(), 3),
            (JobFilter(status=JobStatus.QUEUED), 2),
            (JobFilter(config_name="fast"), 2),
            (JobFilter(status=JobStatus.QUEUED, config_name="fast"), 1),
            (JobFilter(status=JobStatus.FAILED), 0),
            (JobFilter(config_name="FAST"), 0),
        ):
            views = await store.reads.page(DEFAULT_TENANT, where, before=None, limit=10)
            assert len(views) == expected, where

    async def test_a_tenant_sees_nothing_of_another(self, store: JobStore) -> None:
        job = await accepted(store)
        assert await store.reads.get(OTHER_TENANT, job.id) is None
        assert await store.reads.page(OTHER_TENANT, JobFilter(), before=None, limit=10) == []

    async def test_an_unknown_job_is_none(self, store: JobStore) -> None:
        assert await store.reads.get(DEFAULT_TENANT, a_job(created_at=NOON).id) is None
