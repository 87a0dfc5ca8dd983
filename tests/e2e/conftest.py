"""Stages for whole processes: an empty one for each test that asks, and one with everything running for all."""

from collections.abc import Iterator

import pytest

from tests.e2e.client import Client
from tests.e2e.programs import GatewayProcess, WorkerProcess
from tests.e2e.stage import IMPATIENT, TALKATIVE, WEBHOOKS, Stage, client_of, connected_stage, empty_stage
from tests.services.stack import Services
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


@pytest.fixture(scope="session")
def served(services: Services, migrated_template: str, twin: LlmTwin) -> Iterator[Stage]:
    """With services and the model twin; every test leaves it as it found it, but for its jobs and its configs."""
    variables = TALKATIVE | IMPATIENT
    with connected_stage(services, template=migrated_template, twin=twin, variables=variables) as stage:
        yield stage


@pytest.fixture(scope="session")
def gateway(served: Stage) -> GatewayProcess:
    return served.gateway().start()


@pytest.fixture(scope="session")
def worker(served: Stage, gateway: GatewayProcess) -> WorkerProcess:
    return served.worker(**WEBHOOKS).start()


@pytest.fixture(scope="session")
def client(gateway: GatewayProcess) -> Iterator[Client]:
    with client_of(gateway) as client:
        yield client
