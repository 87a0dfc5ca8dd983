"""What every job store does: `JobIntake`, `JobClaims`, `LostJobs` and `JobReads` over the same jobs."""

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import pytest

from ai_platform.jobs.application.ports import JobClaims, JobFilter, JobIntake, JobReads, JobView, LostJobs
from ai_platform.jobs.application.recover_lost_jobs import RecoverLostJobs
from ai_platform.jobs.application.wake_ups import RETRY_DUE, WAKE_UP
from ai_platform.jobs.domain.job import Job, JobStatus, Pipeline, Priority
from ai_platform.jobs.domain.retry import RetryPolicy
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.kernel.transactions import Transactions
from tests.support import eventually
from tests.unit.jobs.builders import NOON, OTHER_TENANT, a_fault, a_job, a_result

LEASE: Final = 60.0
"""Seconds for which a store under test gives a claim."""

AT_ONCE: Final = timedelta(seconds=10)
"""A message without a time belongs to its writer's relay for a few seconds, then to any."""

RETRIES: Final = RetryPolicy(shortest=30.0, longest=30.0)
TRACE: Final = {"x-request-id": "abc", "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"}


class CommitRefused(Exception):
    """The store was told to fail at the last moment."""


@dataclass(frozen=True)
class Sent:
    """A message that waits to be published."""

    type: str
    body: dict[str, Any]
    headers: dict[str, str]
    available_at: datetime


class JobStore(Protocol):
    """The ports, and what a test does to the world behind them."""

    @property
    def refusal(self) -> type[Exception]:
        """What a failing commit raises."""

    @property
    def intake(self) -> JobIntake: ...

    @property
    def claims(self) -> JobClaims: ...

    @property
    def lost_jobs(self) -> Transactions[LostJobs]: ...

    @property
    def reads(self) -> JobReads: ...

    def now(self) -> datetime: ...

    async def passes(self, seconds: float) -> None: ...

    async def sent(self) -> list[Sent]: ...

    async def take_away(self, job: Job) -> None: ...

    def failing_commits(self) -> AbstractAsyncContextManager[None]: ...


async def accepted(store: JobStore, **changes: Any) -> Job:
    job = a_job(**{"created_at": store.now(), **changes})
    job.accept()
    await store.intake.accept(job)
    return job


async def claimed(store: JobStore) -> Job:
    job = await store.claims.next()
    assert job is not None
    return job


async def claimed_again(store: JobStore) -> Job:
    """A retry is claimed once it has been offered."""
    await store.claims.offer_due_retries()
    return await claimed(store)


async def seen(store: JobStore, job: Job) -> JobView:
    view = await store.reads.get(job.tenant_id, job.id)
    assert view is not None
    return view


async def recovered(store: JobStore) -> int:
    return await RecoverLostJobs(store.lost_jobs, store)()


def retry(job: Job, store: JobStore, **fault: Any) -> datetime:
    job.fail_attempt(a_fault(**fault), policy=RETRIES, luck=0.5, now=store.now())
    assert job.next_retry_at is not None
    return job.next_retry_at


class JobStoreSuite:
    """Inherit, and give it a fixture `store`."""

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
        same = ("id", "tenant_id", "prompt", "config_name", "template_name", "pipeline", "priority", "variables")
        same += ("context", "trace", "stream", "timeout_seconds", "max_retries", "created_at")
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

    async def test_a_job_that_was_handed_back_is_offered_at_once(self, store: JobStore) -> None:
        await accepted(store, max_retries=0)
        job = await claimed(store)
        job.hand_back(now=store.now())
        assert await store.claims.settle(job)
        again = await claimed_again(store)
        assert (again.id, again.attempt, again.retry_count) == (job.id, 2, 0)

    async def test_an_answer_is_shown_with_everything_that_belongs_to_it(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.complete(a_result(), now=store.now())
        assert await store.claims.settle(job)
        view = await seen(store, job)
        assert (view.status, view.result, view.agent_type) == (JobStatus.COMPLETED, "An old silent pond", "main")
        assert view.usage == {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14, "cost_usd": 0.00006}
        assert (view.error, view.next_retry_at) == (None, None)
        assert view.completed_at == job.completed_at
        assert view.version > 1

    async def test_an_answer_without_counted_tokens_shows_no_usage(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.complete(a_result(input_tokens=None, output_tokens=None, cost_usd=None), now=store.now())
        await store.claims.settle(job)
        assert (await seen(store, job)).usage is None

    async def test_an_answer_without_a_price_shows_its_tokens(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.complete(a_result(cost_usd=None), now=store.now())
        await store.claims.settle(job)
        assert (await seen(store, job)).usage == {
            "input_tokens": 10,
            "output_tokens": 4,
            "total_tokens": 14,
            "cost_usd": None,
        }

    async def test_a_failure_is_shown_with_its_code_and_without_the_providers_wish(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.fail_attempt(a_fault(retry_after=7.0), policy=RETRIES, luck=0.5, now=store.now())
        assert await store.claims.settle(job)
        view = await seen(store, job)
        assert (view.status, view.result, view.completed_at) == (JobStatus.FAILED, None, job.completed_at)
        assert view.error == {"code": "llm_overloaded", "message": "Too many people ask.", "retryable": True}

    async def test_a_waiting_retry_is_shown_with_its_time_and_the_error_before_it(self, store: JobStore) -> None:
        await accepted(store, max_retries=3)
        job = await claimed(store)
        at = retry(job, store, code="llm_timeout")
        await store.claims.settle(job)
        view = await seen(store, job)
        assert (view.status, view.next_retry_at, view.retry_count) == (JobStatus.RETRYING, at, 1)
        assert view.error is not None
        assert view.error["code"] == "llm_timeout"

    @pytest.mark.parametrize("awkward", ["nul \x00 here", "lone \ud800 surrogate", "\udfff\x00", "👩\u200d🚀 \u2028"])
    async def test_whatever_a_model_writes_can_be_stored_and_shown(self, store: JobStore, awkward: str) -> None:
        answered, failed = await accepted(store), await accepted(store)
        while (job := await store.claims.next()) is not None:
            if job.id == answered.id:
                job.complete(a_result(text=f"<{awkward}>"), now=store.now())
            else:
                job.fail_attempt(a_fault(message=f"<{awkward}>"), policy=RETRIES, luck=0.5, now=store.now())
            assert await store.claims.settle(job)
        result = (await seen(store, answered)).result
        error = (await seen(store, failed)).error
        assert error is not None
        assert result == error["message"]
        assert result is not None
        assert "\x00" not in result
        assert (result[0], result[-1]) == ("<", ">")
        assert result.encode()

    async def test_a_stale_attempt_changes_nothing_and_publishes_nothing(self, store: JobStore) -> None:
        await accepted(store, max_retries=1)
        stale = await claimed(store)
        await store.passes(LEASE + 1)
        assert await recovered(store) == 1
        fresh = await claimed_again(store)
        before, sent = await seen(store, stale), await store.sent()

        stale.complete(a_result(text="too late"), now=store.now())
        assert not await store.claims.settle(stale)
        assert await seen(store, stale) == before
        assert await store.sent() == sent

        fresh.complete(a_result(text="in time"), now=store.now())
        assert await store.claims.settle(fresh)
        assert (await seen(store, fresh)).result == "in time"

    async def test_of_two_attempts_that_end_together_the_later_one_counts(self, store: JobStore) -> None:
        await accepted(store, max_retries=1)
        stale = await claimed(store)
        await store.passes(LEASE + 1)
        await recovered(store)
        fresh = await claimed_again(store)
        sent = await store.sent()
        stale.complete(a_result(text="too late"), now=store.now())
        fresh.complete(a_result(text="in time"), now=store.now())
        assert await asyncio.gather(store.claims.settle(stale), store.claims.settle(fresh)) == [False, True]
        assert (await seen(store, fresh)).result == "in time"
        assert [one.type for one in await store.sent() if one not in sent] == ["jobs.completed.v1"]

    async def test_an_attempt_that_was_swept_and_not_claimed_again_is_stale_too(self, store: JobStore) -> None:
        await accepted(store, max_retries=1)
        stale = await claimed(store)
        await store.passes(LEASE + 1)
        await recovered(store)
        stale.complete(a_result(), now=store.now())
        assert not await store.claims.settle(stale)
        assert (await seen(store, stale)).status is JobStatus.RETRYING

    async def test_an_attempt_ends_once(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        job.complete(a_result(), now=store.now())
        assert await store.claims.settle(job)
        sent = await store.sent()
        assert not await store.claims.settle(job)
        assert await store.sent() == sent

    async def test_work_whose_claim_was_taken_over_is_left_quietly(self, store: JobStore) -> None:
        await accepted(store)
        job = await claimed(store)
        steps: list[str] = []

        async def work() -> None:
            async with store.claims.holding(job):
                steps.append("began")
                await asyncio.Event().wait()
            steps.append("left quietly")

        task = asyncio.create_task(work())
        await eventually(lambda: steps)
        await store.take_away(job)
        await task
        assert steps == ["began", "left quietly"]

    async def test_a_lost_claim_is_recovered_by_one_of_many_sweepers(self, store: JobStore) -> None:
        jobs = [await accepted(store, max_retries=1) for _ in range(10)]
        for _ in jobs:
            await claimed(store)
        await store.passes(LEASE + 1)
        sweep = RecoverLostJobs(store.lost_jobs, store)
        assert sum(await asyncio.gather(*(sweep() for _ in range(5)))) == 10
        for job in jobs:
            view = await seen(store, job)
            assert (view.status, view.retry_count) == (JobStatus.RETRYING, 1)
            assert view.error is not None
            assert view.error["code"] == "worker_lost"
        assert await recovered(store) == 0

    async def test_a_claim_that_still_holds_is_not_recovered(self, store: JobStore) -> None:
        job = await accepted(store, max_retries=1)
        await claimed(store)
        await store.passes(LEASE - 10)
        assert await recovered(store) == 0
        assert (await seen(store, job)).status is JobStatus.PROCESSING

    async def test_a_job_without_retries_whose_worker_was_lost_has_failed(self, store: JobStore) -> None:
        job = await accepted(store, max_retries=0)
        await claimed(store)
        await store.passes(LEASE + 1)
        assert await recovered(store) == 1
        view = await seen(store, job)
        assert (view.status, view.retry_count) == (JobStatus.FAILED, 0)
        assert view.error is not None
        assert view.error["code"] == "worker_lost"
        assert (await store.sent())[-1].type == "jobs.failed.v1"

    async def test_a_recovered_job_is_offered_at_once(self, store: JobStore) -> None:
        job = await accepted(store, max_retries=1)
        await claimed(store)
        await store.passes(LEASE + 1)
        await recovered(store)
        again = await claimed_again(store)
        assert (again.id, again.attempt) == (job.id, 2)

    async def test_the_newest_job_comes_first(self, store: JobStore) -> None:
        ids = [(await accepted(store)).id for _ in range(5)]
        views = await store.reads.page(DEFAULT_TENANT, JobFilter(), before=None, limit=10)
        assert [view.id for view in views] == sorted(ids, reverse=True)

    async def test_pages_have_neither_gaps_nor_repeats_while_jobs_arrive(self, store: JobStore) -> None:
        ids = [(await accepted(store)).id for _ in range(11)]
        found: list[UUID] = []
        before = None
        while views := await store.reads.page(DEFAULT_TENANT, JobFilter(), before=before, limit=4):
            found += [view.id for view in views]
            before = views[-1].id
            await accepted(store, id=UUID(int=max(ids).int + len(found)))
        assert found == sorted(ids, reverse=True)

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

    async def test_an_accepted_job_wakes_a_worker_at_once(self, store: JobStore) -> None:
        job = await accepted(store, trace=TRACE)
        [wake_up] = await store.sent()
        assert (wake_up.type, wake_up.body, wake_up.headers) == (WAKE_UP, {"job_id": str(job.id)}, TRACE)
        assert wake_up.available_at <= store.now() + AT_ONCE

    async def test_a_retry_wakes_a_worker_at_its_exact_time(self, store: JobStore) -> None:
        await accepted(store, max_retries=1, trace=TRACE)
        job = await claimed(store)
        at = retry(job, store)
        await store.claims.settle(job)
        [_, wake_up] = await store.sent()
        assert (wake_up.type, wake_up.body, wake_up.headers) == (RETRY_DUE, {"job_id": str(job.id)}, TRACE)
        assert wake_up.available_at == at

    async def test_the_end_of_a_job_is_a_fact_for_everybody(self, store: JobStore) -> None:
        answered, failed = await accepted(store, trace=TRACE), await accepted(store, trace=TRACE)
        while (job := await store.claims.next()) is not None:
            if job.id == answered.id:
                job.complete(a_result(), now=store.now())
            else:
                job.fail_attempt(a_fault(), policy=RETRIES, luck=0.5, now=store.now())
            await store.claims.settle(job)
        facts = {one.type: one for one in await store.sent() if one.type != WAKE_UP}
        assert set(facts) == {"jobs.completed.v1", "jobs.failed.v1"}
        assert facts["jobs.completed.v1"].body["job_id"] == str(answered.id)
        assert facts["jobs.failed.v1"].body["job_id"] == str(failed.id)
        assert facts["jobs.failed.v1"].body["error_code"] == "llm_overloaded"
        assert all(fact.headers == TRACE for fact in facts.values())

    async def test_a_commit_that_fails_keeps_neither_job_nor_message(self, store: JobStore) -> None:
        job = a_job(created_at=store.now())
        job.accept()
        async with store.failing_commits():
            with pytest.raises(store.refusal):
                await store.intake.accept(job)
        assert await store.reads.get(job.tenant_id, job.id) is None
        assert await store.sent() == []

    @pytest.mark.parametrize("ending", ["completed", "failed", "retrying"])
    async def test_a_commit_that_fails_keeps_neither_ending_nor_message(self, store: JobStore, ending: str) -> None:
        await accepted(store, max_retries=1 if ending == "retrying" else 0)
        job = await claimed(store)
        before, sent = await seen(store, job), await store.sent()
        if ending == "completed":
            job.complete(a_result(), now=store.now())
        else:
            job.fail_attempt(a_fault(), policy=RETRIES, luck=0.5, now=store.now())
        async with store.failing_commits():
            with pytest.raises(store.refusal):
                await store.claims.settle(job)
        assert await seen(store, job) == before
        assert await store.sent() == sent

    async def test_a_sweep_whose_commit_fails_keeps_neither_ending_nor_message(self, store: JobStore) -> None:
        job = await accepted(store, max_retries=0)
        await claimed(store)
        await store.passes(LEASE + 1)
        sent = await store.sent()
        async with store.failing_commits():
            with pytest.raises(store.refusal):
                await recovered(store)
        assert (await seen(store, job)).status is JobStatus.PROCESSING
        assert await store.sent() == sent
        assert await recovered(store) == 1
