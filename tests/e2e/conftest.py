"""Stages for whole processes."""

from collections.abc import Iterator

import pytest

from tests.e2e.stage import Stage, empty_stage
from tests.twins.llm_server import LlmTwin, llm_server


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Without a service, for `dev` and one-off commands."""
    with empty_stage() as stage:
        yield stage


@pytest.fixture(scope="session")
def twin() -> Iterator[LlmTwin]:
    with llm_server() as twin:
        yield twin
