"""Services that may be killed: never those that a URL in the environment names."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ai_platform.runtime.migrations import upgrade
from tests.e2e.stage import Stage, connected_stage, empty_stage
from tests.services.stack import Services
from tests.twins.llm_server import LlmTwin, llm_server


@pytest.fixture(scope="session")
def mortal() -> Iterator[Services]:
    with Services(private=True) as services:
        yield services


@pytest.fixture(scope="session")
def template(mortal: Services) -> str:
    name = f"template_{uuid.uuid4().hex[:16]}"
    url = mortal.postgres.create_database(name)
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(upgrade, url).result()
    return name


@pytest.fixture
def twin() -> Iterator[LlmTwin]:
    with llm_server() as twin:
        yield twin


@pytest.fixture
def stage(mortal: Services, template: str, twin: LlmTwin) -> Iterator[Stage]:
    with connected_stage(mortal, template=template, twin=twin) as stage:
        yield stage


@pytest.fixture
def dev_stage() -> Iterator[Stage]:
    with empty_stage() as stage:
        yield stage
