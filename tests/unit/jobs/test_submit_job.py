"""Accepting a job."""

from datetime import timedelta

import pytest

from ai_platform.jobs.application.submit_job import SubmitJob
from ai_platform.jobs.application.wake_ups import WAKE_UP
from ai_platform.jobs.domain.job import JobStatus, Pipeline, Priority
from ai_platform.kernel.errors import InvalidInput, Unavailable
from tests.unit.jobs.builders import NOON, a_command
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.fakes import Checked, FakeCallbacks, FakeClock, FakeLlm
from tests.unit.jobs.job_store import CommitRefused, once


def submit_to(
    store: FakeJobStore,
    *,
    llm: FakeLlm | None = None,
    callbacks: FakeCallbacks | None = None,
    default_max_retries: int = 3,
) -> SubmitJob:
    return SubmitJob(llm or FakeLlm(), store.intake, callbacks or FakeCallbacks(), store.clock, default_max_retries)


async def test_a_job_is_stored_before_its_sender_hears_of_it() -> None:
    store = FakeJobStore(clock=FakeClock(NOON + timedelta(hours=1)))
    accepted = await submit_to(store)(
        a_command(prompt="Hi", priority=Priority.HIGH, metadata={"a": 1}, timeout_seconds=5)
    )
    stored = store.rows[accepted.job_ids[0]].job
    assert (stored.status, stored.prompt, stored.priority) == (JobStatus.QUEUED, "Hi", Priority.HIGH)
    assert (stored.metadata, stored.timeout_seconds) == ({"a": 1}, 5)
    assert stored.created_at == NOON + timedelta(hours=1)
    assert [one.type for one in await store.sent()] == [WAKE_UP]


async def test_each_submission_is_a_job_of_its_own() -> None:
    store = FakeJobStore()
    first, second = await submit_to(store)(a_command()), await submit_to(store)(a_command())
    assert first.job_ids != second.job_ids
    assert len(store.rows) == 2


@pytest.mark.parametrize(("named", "kept"), [(None, 3), (0, 0), (10, 10)])
async def test_retries_are_those_named_or_the_default(named: int | None, kept: int) -> None:
    store = FakeJobStore()
    await submit_to(store, default_max_retries=3)(a_command(max_retries=named))
    assert [row.job.max_retries for row in store.rows.values()] == [kept]


async def test_names_and_variables_are_checked_by_the_model_layer() -> None:
    llm = FakeLlm()
    await submit_to(FakeJobStore(), llm=llm)(
        a_command(config_name="fast", template_name="poet", variables={"tone": "calm"})
    )
    assert llm.checked == [Checked("fast", "poet", {"tone": "calm"}, "single")]


async def test_a_multi_agent_job_without_a_template_leaves_it_to_the_pipeline() -> None:
    store, llm = FakeJobStore(), FakeLlm()
    await submit_to(store, llm=llm)(a_command(pipeline=Pipeline.MULTI_AGENT, template_name=None))
    [job] = [row.job for row in store.rows.values()]
    assert (job.template_name, job.template_named) == ("main-agent", False)
    assert llm.checked[0].template_name is None


async def test_a_callback_that_may_not_be_called_is_refused() -> None:
    store = FakeJobStore()
    with pytest.raises(InvalidInput):
        await submit_to(store, callbacks=FakeCallbacks({"http://inside"}))(a_command(callback_url="http://inside"))
    assert store.rows == {}


async def test_a_callback_that_nothing_could_sign_is_refused() -> None:
    store, command = FakeJobStore(), a_command(callback_url="https://example.com/")
    with pytest.raises(InvalidInput):
        await submit_to(store, callbacks=FakeCallbacks(unsigned={command.tenant_id}))(command)
    assert store.rows == {}


async def test_a_repeat_is_answered_as_before_although_the_config_has_gone_since() -> None:
    store = FakeJobStore()
    first = await submit_to(store)(a_command(), once())
    again = await submit_to(store, llm=FakeLlm(refuses=InvalidInput("No such config.")))(a_command(), once())
    assert (again.job_ids, first.is_replay, again.is_replay) == (first.job_ids, False, True)
    assert len(store.rows) == 1


@pytest.mark.parametrize("refusal", [InvalidInput("No such config."), Unavailable("The database is away.")])
async def test_a_job_that_cannot_run_is_refused_and_not_stored(refusal: Exception) -> None:
    store = FakeJobStore()
    with pytest.raises(type(refusal)):
        await submit_to(store, llm=FakeLlm(refuses=refusal))(a_command())
    assert store.rows == {}
    assert await store.sent() == []


async def test_a_job_that_could_not_be_stored_was_not_accepted() -> None:
    store = FakeJobStore(commits_fail=True)
    with pytest.raises(CommitRefused):
        await submit_to(store)(a_command())
    assert store.rows == {}
