"""Jobs on the command line: submitted, waited for, shown and listed, or refused in the gateway's own sentence."""

import json
import uuid
from pathlib import Path

import pytest

from tests.e2e.command_line import run
from tests.e2e.programs import GatewayProcess, WorkerProcess
from tests.e2e.stage import KEY, Stage

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module", autouse=True)
def _configs(served: Stage, worker: WorkerProcess) -> None:
    served.config("broken", "demo?nonsense=1")


def test_a_job_is_submitted_waited_for_shown_and_listed(gateway: GatewayProcess, tmp_path: Path) -> None:
    there = {"AI_PLATFORM_URL": gateway.url, "AI_PLATFORM_API_KEY": KEY}
    submit = ("jobs", "submit", "Hello operator", "--config", "demo")
    waited = run(*submit, "--wait", directory=tmp_path, variables=there)
    assert waited.stdout == "[demo] Hello operator\n"
    job_id = run(*submit, directory=tmp_path, variables=there).stdout.strip()
    assert str(uuid.UUID(job_id)) == job_id
    shown = run("jobs", "show", job_id, directory=tmp_path, variables=there)
    assert json.loads(shown.stdout)["prompt"] == "Hello operator"
    listed = run("jobs", "list", "--json", directory=tmp_path, variables=there)
    assert job_id in {job["job_id"] for job in json.loads(listed.stdout)}
    table = run("jobs", "list", "--limit", "1", directory=tmp_path, variables=there)
    assert "Status" in table.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("submit", "Hello", "--config", "nobody"), "nobody"),
        (("submit", "   "), "blank"),
        (("submit", "Hello", "--config", "broken", "--wait"), "FAILED"),
        (("show", str(uuid.UUID(int=7))), "no job"),
        (("list", "--status", "UNKNOWN"), "status"),
    ],
)
def test_a_refusal_is_the_gateways_own_sentence(
    gateway: GatewayProcess, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    there = {"AI_PLATFORM_URL": gateway.url, "AI_PLATFORM_API_KEY": KEY}
    refused = run("jobs", *arguments, directory=tmp_path, variables=there, code=1)
    assert words in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_wrong_key_is_said_to_be_wrong(gateway: GatewayProcess, tmp_path: Path) -> None:
    refused = run("jobs", "list", "--url", gateway.url, "--key", "aip_wrong", directory=tmp_path, code=1)
    assert "API key" in refused.stderr


@pytest.mark.parametrize("arguments", [("submit", "Hello"), ("show", str(uuid.UUID(int=7))), ("list",)])
@pytest.mark.parametrize("url", [NOWHERE, "no url at all", "http://[::1"])
def test_nobody_there_is_said_in_a_sentence(tmp_path: Path, arguments: tuple[str, ...], url: str) -> None:
    refused = run("jobs", *arguments, "--url", url, directory=tmp_path, code=1)
    assert "ai-platform dev" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("job_id", ["not-an-id", "../../health"])
def test_what_is_no_job_id_is_refused_before_anything_is_asked(job_id: str, tmp_path: Path) -> None:
    refused = run("jobs", "show", job_id, directory=tmp_path, code=2)
    assert "UUID" in refused.stderr
