"""One attempt, from its claim to its answer: what the model is asked, and what is written of it."""

from datetime import timedelta

from ai_platform.jobs.domain.job import JobStatus, Pipeline
from ai_platform.llm.contracts.api import CompletionRequest, HistoryMessage
from tests.unit.jobs.attempts import a_failure, runs
from tests.unit.jobs.builders import NOON, a_completion
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.fakes import Deaf, FakeLlm, FakeProgress
from tests.unit.jobs.job_store import accepted, seen


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
