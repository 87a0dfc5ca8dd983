"""Trying an LLM config where its jobs run."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ai_platform.jobs.application.cancel_job import CancelJob
from ai_platform.jobs.application.run_next_job import RunNextJob
from ai_platform.jobs.application.submit_job import SubmitJob
from ai_platform.jobs.application.try_config import PATIENCE, Trial, TryConfig
from ai_platform.jobs.domain.job import JobStatus, Priority
from ai_platform.kernel.errors import InvalidInput, NotFound, Violation
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.llm.contracts.api import CompletionFailed
from tests.unit.jobs.builders import POLICY, a_completion
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.fakes import FakeCallbacks, FakeLlm, FakeProgress


def a_refusal(type_: str) -> InvalidInput:
    return InvalidInput("No.", violations=(Violation(("config_name",), "No.", type_),))


async def tried(store: FakeJobStore, worker: FakeLlm | None, *, refuses: Exception | None = None) -> Trial:
    """A worker, if there is one, gets its turn whenever the trial waits."""

    async def pause(seconds: float) -> None:
        store.clock.passes(seconds)
        if worker is not None:
            await RunNextJob(store.claims, FakeProgress(), worker, store.clock, POLICY, lambda: 0.0)()

    submit = SubmitJob(FakeLlm(refuses=refuses), store.intake, FakeCallbacks(), store.clock, 3)
    return await a_trial(store, submit, pause)


async def a_trial(store: FakeJobStore, submit: SubmitJob, pause: Callable[[float], Awaitable[None]]) -> Trial:
    try_config = TryConfig(submit, CancelJob(store.known_jobs, store.clock), store.reads, store.clock, pause)
    return await try_config(DEFAULT_TENANT, "smart", template_name="default-assistant", trace={})


def a_failure(**changes: Any) -> CompletionFailed:
    return CompletionFailed("No key.", **{"code": "llm_key_missing", "retryable": False, **changes})


async def test_a_config_that_answers_is_fine() -> None:
    store = FakeJobStore()
    trial = await tried(store, FakeLlm(a_completion(config_name="smart")))
    assert (trial.config_name, trial.code) == ("smart", None)
    [job] = [row.job for row in store.rows.values()]
    assert (job.priority, job.max_retries, job.metadata) == (Priority.HIGH, 0, {"purpose": "config_test"})


async def test_a_config_that_fails_says_why() -> None:
    trial = await tried(FakeJobStore(), FakeLlm(a_failure()))
    assert (trial.code, trial.message) == ("llm_key_missing", "No key.")


async def test_the_answer_of_a_fallback_proves_nothing() -> None:
    trial = await tried(FakeJobStore(), FakeLlm(a_completion(config_name="other")))
    assert trial.code == "fallback_answered"


async def test_an_open_breaker_is_told_at_once_and_nothing_is_left_waiting() -> None:
    store = FakeJobStore()
    trial = await tried(store, FakeLlm(a_failure(code="breaker_open", retryable=True, untried=True)))
    assert trial.code == "breaker_open"
    assert [row.job.status for row in store.rows.values()] == [JobStatus.CANCELLED]


async def test_a_trial_that_no_worker_takes_is_given_up() -> None:
    store = FakeJobStore()
    trial = await tried(store, None)
    assert trial.code == "test_timeout"
    assert trial.latency_ms >= PATIENCE * 1000
    assert [row.job.status for row in store.rows.values()] == [JobStatus.CANCELLED]


async def test_an_unknown_config_is_not_found() -> None:
    with pytest.raises(NotFound) as refusal:
        await tried(FakeJobStore(), None, refuses=a_refusal("config_unknown"))
    assert refusal.value.stable_code == "config_not_found"


async def test_a_config_that_is_switched_off_is_told() -> None:
    trial = await tried(FakeJobStore(), None, refuses=a_refusal("config_inactive"))
    assert trial.code == "config_inactive"
