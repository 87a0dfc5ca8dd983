"""Whatever is sent, the answer is one that the OpenAPI document names: thousands of requests made from the document."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.programs import GatewayProcess
from tests.e2e.stage import KEY, Stage, connected_stage
from tests.services.stack import Services

CONFIG = Path(__file__).with_name("schemathesis.toml")
SECONDS = 60
LEFT_OUT = "^/v1/auth/log|^/v1/llm/configs/[^/]+/test$"
"""Signing in has a limit that strangers reach soon; trying a config waits for a worker."""


@pytest.fixture(scope="module")
def alone(services: Services, migrated_template: str) -> Iterator[Stage]:
    """What is tried here changes every configuration that other tests rely on."""
    with connected_stage(services, template=migrated_template) as stage:
        yield stage


@pytest.mark.timeout(500)
def test_no_request_that_the_document_allows_or_forbids_is_answered_otherwise(alone: Stage, tmp_path: Path) -> None:
    gateway: GatewayProcess = alone.gateway(LOG_LEVEL="WARNING").start()
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run"]
    command += [f"{gateway.url}/openapi.json", "--header", f"Authorization: Bearer {KEY}", "--checks", "all"]
    command += ["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "8", "--max-time", str(SECONDS)]
    command += ["--seed", "20260105", "--no-shrink", "--no-color", "--workers", "1", "--warnings", "off"]
    command += ["--generation-database", "none", "--exclude-path-regex", LEFT_OUT, "--continue-on-failure"]
    environment = {**os.environ, "NO_PROXY": "*"}
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2000:]
