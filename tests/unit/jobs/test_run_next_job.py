"""One attempt, from its claim to what is written of it."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from ai_platform.jobs.application.run_next_job import RunNextJob
from ai_platform.jobs.domain.job import Job, JobStatus, Pipeline
from ai_platform.kernel.errors import Unavailable
from ai_platform.llm.contracts.api import CompletionFailed, CompletionRequest, HistoryMessage
from tests.support import eventually
from tests.unit.jobs.builders import NOON, POLICY, a_completion
from tests.unit.jobs.fake_claims import FakeClaims
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.fakes import Deaf, FakeLlm, FakeProgress
from tests.unit.jobs.job_store import accepted, seen

SILENCE = None
"""A model that thinks until it is interrupted."""


def runs(store: FakeJobStore, llm: FakeLlm, **changes: Any) -> RunNextJob:
    parts: dict[str, Any] = {"claims": store.claims, "llm": llm, "clock": store.clock, "retries": POLICY}
    parts["progress"] = FakeProgress()
    return RunNextJob(**{**parts, "luck": lambda: 0.5, **changes})


async def interrupted(task: asyncio.Task[bool]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def a_failure(**changes: Any) -> CompletionFailed:
    return CompletionFailed("The provider is overloaded.", **{"code": "llm_overloaded", "retryable": True, **changes})


async def test_nothing_to_do_is_said() -> None:
    llm = FakeLlm()
    assert not await runs(FakeJobStore(), llm)()
    assert llm.asked == []


async def test_an_answer_completes_the_job() -> None:
    store = FakeJobStore()
    job = await accepted(store)
    store.clock.passes(3)
    assert await runs(store, FakeLlm())()
    view = await seen(store, job)
    assert (view.status, view.result, view.agent_type) == (JobStatus.COMPLETED, "An old silent pond", "main")
    assert view.usage == {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14, "cost_usd": 0.00006}
    assert view.completed_at == NOON + timedelta(seconds=3)


async def test_an_answer_without_counted_tokens_completes_the_job_too() -> None:
    store = FakeJobStore()
    job = await accepted(store)
    await runs(store, FakeLlm(a_completion(usage=None)))()
    assert (await seen(store, job)).usage is None


async def test_the_model_is_asked_what_the_job_says() -> None:
    store, llm = FakeJobStore(), FakeLlm()
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]
    context = {"history": history, "is_followup": True}
    await accepted(store, prompt=" As is\n", variables={"tone": "calm"}, context=context, stream=True)
    await runs(store, llm)()
    assert llm.asked == [
        CompletionRequest(
            config_name="default-smart",
            template_name="default-assistant",
            prompt=" As is\n",
            variables={"tone": "calm"},
            history=(HistoryMessage("user", "Hi"), HistoryMessage("assistant", "Hello!")),
            is_followup=True,
            stream=True,
            listener=Deaf(),
        )
    ]


async def test_one_call_runs_one_job() -> None:
    store, llm = FakeJobStore(), FakeLlm()
    await accepted(store)
    await accepted(store)
    await runs(store, llm)()
    assert len(llm.asked) == 1


async def test_a_fault_that_may_pass_is_retried_at_an_exact_time() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=1)
    assert await runs(store, FakeLlm(a_failure()), luck=lambda: 0.75)()
    view = await seen(store, job)
    assert (view.status, view.retry_count) == (JobStatus.RETRYING, 1)
    assert view.next_retry_at == NOON + timedelta(seconds=10.5)
    assert view.error == {"code": "llm_overloaded", "message": "The provider is overloaded.", "retryable": True}


async def test_the_providers_wish_is_granted() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=1)
    await runs(store, FakeLlm(a_failure(retry_after=3600.0)))()
    assert (await seen(store, job)).next_retry_at == NOON + timedelta(hours=1)


async def test_a_fault_that_stays_fails_the_job_at_once() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=5)
    assert await runs(store, FakeLlm(a_failure(code="llm_auth", retryable=False)))()
    view = await seen(store, job)
    assert (view.status, view.retry_count) == (JobStatus.FAILED, 0)
    assert view.error is not None
    assert view.error["code"] == "llm_auth"


async def test_attempts_go_on_until_none_is_left() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=2)
    run_next = runs(store, FakeLlm(a_failure()))
    statuses = []
    while await run_next():
        statuses.append((await seen(store, job)).status)
        store.clock.passes(60)
        await store.claims.offer_due_retries()
    assert statuses == [JobStatus.RETRYING, JobStatus.RETRYING, JobStatus.FAILED]


async def test_an_attempt_takes_no_longer_than_the_job_allows() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=1, timeout_seconds=0.005)
    assert await runs(store, FakeLlm(SILENCE))()
    view = await seen(store, job)
    assert (view.status, view.retry_count) == (JobStatus.RETRYING, 1)
    assert view.error == {
        "code": "job_timeout",
        "message": "The attempt took longer than its 0.005 seconds.",
        "retryable": True,
    }


@pytest.mark.parametrize("timeout_seconds", [None, 600.0])
async def test_a_timeout_of_somebody_else_is_not_the_jobs_own(timeout_seconds: float | None) -> None:
    store = FakeJobStore()
    job = await accepted(store, timeout_seconds=timeout_seconds)
    with pytest.raises(TimeoutError):
        await runs(store, FakeLlm(TimeoutError("a pool somewhere")))()
    error = (await seen(store, job)).error
    assert error is not None
    assert error["code"] == "internal_error"


async def test_an_attempt_that_is_interrupted_is_handed_back_unspent() -> None:
    store, llm = FakeJobStore(), FakeLlm(SILENCE)
    job = await accepted(store, max_retries=0)
    task = asyncio.create_task(runs(store, llm)())
    await eventually(lambda: llm.thinking)
    await interrupted(task)
    view = await seen(store, job)
    assert (view.status, view.retry_count, view.next_retry_at) == (JobStatus.RETRYING, 0, NOON)
    assert view.error is None
    await store.claims.offer_due_retries()
    assert await runs(store, FakeLlm())()
    assert (await seen(store, job)).status is JobStatus.COMPLETED


async def test_a_fault_of_our_own_ends_the_attempt_and_is_told() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=1)
    with pytest.raises(ZeroDivisionError):
        await runs(store, FakeLlm(ZeroDivisionError()))()
    view = await seen(store, job)
    assert (view.status, view.retry_count) == (JobStatus.RETRYING, 1)
    assert view.error is not None
    assert (view.error["code"], view.error["retryable"]) == ("internal_error", True)


async def test_a_stored_history_that_cannot_be_read_ends_the_attempt() -> None:
    store, llm = FakeJobStore(), FakeLlm()
    job = await accepted(store, context={"history": [{"from": "Ann"}]})
    with pytest.raises(KeyError):
        await runs(store, llm)()
    assert (await seen(store, job)).status is JobStatus.FAILED
    assert llm.asked == []


async def test_a_database_that_is_away_costs_the_job_nothing() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=0)
    with pytest.raises(Unavailable):
        await runs(store, FakeLlm(Unavailable("The database is away.")))()
    view = await seen(store, job)
    assert (view.status, view.retry_count, view.error) == (JobStatus.RETRYING, 0, None)


async def test_an_attempt_whose_claim_is_lost_writes_nothing() -> None:
    store, llm = FakeJobStore(), FakeLlm(SILENCE)
    job = await accepted(store)
    task = asyncio.create_task(runs(store, llm)())
    await eventually(lambda: llm.thinking)
    before, sent = await seen(store, job), await store.sent()
    await store.take_away(job)
    assert await task
    assert await seen(store, job) == before
    assert await store.sent() == sent


@dataclass
class SlowClaims(FakeClaims):
    """A claim is under way until `answer` is set."""

    answer: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: bool = False

    async def next(self) -> Job | None:
        self.under_way = True
        await self.answer.wait()
        return await super().next()


async def test_a_claim_that_is_under_way_when_the_call_is_interrupted_is_handed_back_unspent() -> None:
    store, llm = FakeJobStore(), FakeLlm()
    job, claims = await accepted(store, max_retries=0), SlowClaims(store)
    task = asyncio.create_task(runs(store, llm, claims=claims)())
    await eventually(lambda: claims.under_way)
    task.cancel()
    claims.answer.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    view = await seen(store, job)
    assert (view.status, view.retry_count, view.next_retry_at) == (JobStatus.RETRYING, 0, NOON)
    assert llm.asked == []


async def test_a_claim_that_finds_nothing_can_be_interrupted() -> None:
    store = FakeJobStore()
    claims = SlowClaims(store)
    task = asyncio.create_task(runs(store, FakeLlm(), claims=claims)())
    await eventually(lambda: claims.under_way)
    claims.answer.set()
    await interrupted(task)


async def test_a_job_that_no_model_was_called_for_is_parked_unspent() -> None:
    store = FakeJobStore()
    job = await accepted(store, max_retries=0)
    fault = a_failure(code="breaker_open", retry_after=40.0, untried=True)
    assert await runs(store, FakeLlm(fault), luck=lambda: 0.5)()
    view = await seen(store, job)
    assert (view.status, view.retry_count) == (JobStatus.RETRYING, 0)
    assert view.next_retry_at == NOON + timedelta(seconds=50)
    assert view.error is not None
    assert view.error["code"] == "breaker_open"
    assert (await store.told(job))[-1].data["reason"] == "parked"


async def test_a_job_without_a_template_leaves_it_to_its_pipeline() -> None:
    store, llm = FakeJobStore(), FakeLlm()
    await accepted(
        store,
        pipeline=Pipeline.MULTI_AGENT,
        template_name="main-agent",
        template_named=False,
        needs_moderation=False,
        timeout_seconds=9.0,
    )
    await runs(store, llm)()
    [asked] = llm.asked
    assert (asked.pipeline, asked.template_name, asked.needs_moderation) == ("multi_agent", None, False)
    assert (asked.timeout_seconds, asked.is_followup) == (9.0, False)


async def test_an_answer_is_streamed_when_somebody_follows_the_job() -> None:
    store, llm = FakeJobStore(), FakeLlm()
    await store.watch(await accepted(store, stream=False))
    await runs(store, llm)()
    assert llm.asked[0].stream


async def test_the_attempt_is_listened_to_while_it_lasts() -> None:
    store, progress = FakeJobStore(), FakeProgress()
    job = await accepted(store)
    await runs(store, FakeLlm(a_failure()), progress=progress)()
    assert (progress.heard_of, progress.listens) == ([job.id], 0)
