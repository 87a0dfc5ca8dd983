"""Attempts at a job, and how a model may fail them."""

from typing import Any

from ai_platform.jobs.application.run_next_job import RunNextJob
from ai_platform.llm.contracts.api import CompletionFailed
from tests.unit.jobs.builders import POLICY
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.fakes import FakeLlm, FakeProgress

SILENCE = None
"""A model that thinks until it is interrupted."""


def runs(store: FakeJobStore, llm: FakeLlm, **changes: Any) -> RunNextJob:
    parts: dict[str, Any] = {"claims": store.claims, "llm": llm, "clock": store.clock, "retries": POLICY}
    parts["progress"] = FakeProgress()
    return RunNextJob(**{**parts, "luck": lambda: 0.5, **changes})


def a_failure(**changes: Any) -> CompletionFailed:
    return CompletionFailed("The provider is overloaded.", **{"code": "llm_overloaded", "retryable": True, **changes})
