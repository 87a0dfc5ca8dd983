"""Accepting many jobs together."""

import pytest

from ai_platform.jobs.application.submit_batch import SubmitBatch
from ai_platform.jobs.domain.job import Pipeline
from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.jobs.builders import a_command
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.fakes import Checked, FakeCallbacks, FakeLlm
from tests.unit.jobs.job_store import CommitRefused, once


class PickyLlm(FakeLlm):
    """Knows every config but `gone`."""

    def refusal_of(self, wanted: Checked) -> Exception | None:
        if wanted.config_name != "gone":
            return None
        violation = Violation(("config_name",), "There is no LLM config 'gone'.", "config_unknown")
        return InvalidInput(violation.msg, violations=(violation,))


def submit_to(store: FakeJobStore, llm: FakeLlm | None = None, callbacks: FakeCallbacks | None = None) -> SubmitBatch:
    return SubmitBatch(llm or PickyLlm(), store.intake, callbacks or FakeCallbacks(), store.clock, 3)


async def test_all_are_accepted_in_their_order() -> None:
    store = FakeJobStore()
    prompts = [f"Number {number}" for number in range(5)]
    accepted = await submit_to(store)(DEFAULT_TENANT, [a_command(prompt=prompt) for prompt in prompts])
    assert [store.rows[job_id].job.prompt for job_id in accepted.job_ids] == prompts
    assert len(await store.sent()) == 5


async def test_one_that_cannot_run_keeps_all_out_and_is_named() -> None:
    store = FakeJobStore()
    commands = [a_command(), a_command(config_name="gone"), a_command(), a_command(config_name="gone")]
    with pytest.raises(InvalidInput) as refusal:
        await submit_to(store)(DEFAULT_TENANT, commands)
    assert [one.loc for one in refusal.value.violations] == [("jobs", 1, "config_name"), ("jobs", 3, "config_name")]
    assert store.rows == {}


async def test_a_callback_that_may_not_be_called_is_named_too() -> None:
    commands = [a_command(), a_command(callback_url="http://inside")]
    with pytest.raises(InvalidInput) as refusal:
        await submit_to(FakeJobStore(), callbacks=FakeCallbacks({"http://inside"}))(DEFAULT_TENANT, commands)
    assert [one.loc for one in refusal.value.violations] == [("jobs", 1, "callback_url")]


async def test_names_that_many_share_are_looked_up_once() -> None:
    llm = PickyLlm()
    other = [a_command(template_name="poet"), a_command(pipeline=Pipeline.MULTI_AGENT), a_command(variables={"a": "b"})]
    await submit_to(FakeJobStore(), llm)(DEFAULT_TENANT, [a_command() for _ in range(100)] + other)
    assert len(llm.checked) == 4


async def test_a_commit_that_fails_keeps_none() -> None:
    store = FakeJobStore(commits_fail=True)
    with pytest.raises(CommitRefused):
        await submit_to(store)(DEFAULT_TENANT, [a_command(), a_command()])
    assert store.rows == {}


async def test_a_repeat_is_answered_with_the_same_jobs() -> None:
    store = FakeJobStore()
    first = await submit_to(store)(DEFAULT_TENANT, [a_command(), a_command()], once())
    again = await submit_to(store)(DEFAULT_TENANT, [a_command(), a_command()], once())
    assert (again.job_ids, again.is_replay) == (first.job_ids, True)
    assert len(store.rows) == 2
