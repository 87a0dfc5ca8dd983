"""The command line as an operator uses it: one clear sentence when something is wrong, and never a traceback."""

import json
import stat
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.e2e.command_line import findings, run
from tests.e2e.programs import GatewayProcess
from tests.e2e.stage import Stage


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    assert run("version", directory=tmp_path).stdout.strip() == version("ai-platform")


@pytest.mark.parametrize("command", ["dev", "gateway", "llm-worker", "migrate", "doctor", "init", "openapi"])
def test_every_command_explains_itself_with_an_example(tmp_path: Path, command: str) -> None:
    shown = run(command, "--help", directory=tmp_path).stdout
    assert "Example:" in shown
    assert f"ai-platform {command}" in shown


def test_help_lists_the_commands(tmp_path: Path) -> None:
    shown = run("--help", directory=tmp_path).stdout
    for command in ("dev", "gateway", "llm-worker", "migrate", "doctor", "init", "jobs", "openapi", "version"):
        assert command in shown
    for group, command in (("jobs", "submit"), ("jobs", "show"), ("jobs", "list"), ("config", "set"), ("agent", "set")):
        assert "Example:" in run(group, command, "--help", directory=tmp_path).stdout


def test_an_unknown_command_is_wrong_use(tmp_path: Path) -> None:
    assert "frobnicate" in run("frobnicate", directory=tmp_path, code=2).stderr


def test_init_writes_fresh_secrets_once(tmp_path: Path) -> None:
    run("init", directory=tmp_path)
    env = tmp_path / ".env"
    written = env.read_text()
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert "AI_PLATFORM_ADMIN_KEY=aip_" in written
    refused = run("init", directory=tmp_path, code=1)
    assert "never overwritten" in refused.stderr
    assert env.read_text() == written
    (other := tmp_path / "other").mkdir()
    run("init", "--directory", str(other), directory=tmp_path)
    assert (other / ".env").read_text() != written
    assert "nowhere" in run("init", "--directory", str(tmp_path / "nowhere"), directory=tmp_path, code=2).stderr


def test_migrating_twice_is_migrating_once(fresh_database: str, tmp_path: Path) -> None:
    variables = {"DATABASE_URL": fresh_database}
    first = run("migrate", directory=tmp_path, variables=variables)
    assert "schema is at" in first.stdout
    assert run("migrate", directory=tmp_path, variables=variables).stdout == first.stdout


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("postgresql://nobody:hidden@127.0.0.1:1/none", 1, "DATABASE_URL"),
        ("", 2, "DATABASE_URL"),
        ("not a url", 2, "DATABASE_URL"),
    ],
)
def test_migrating_nothing_is_refused_with_a_sentence(tmp_path: Path, url: str, code: int, words: str) -> None:
    refused = run("migrate", directory=tmp_path, variables={"DATABASE_URL": url}, code=code)
    assert words in refused.stderr
    assert "hidden" not in refused.stderr + refused.stdout


def test_migrating_with_a_wrong_password_is_refused_with_a_sentence(served: Stage, tmp_path: Path) -> None:
    scheme, _, rest = served.database_url.partition("://")
    url = f"{scheme}://ai_platform:wrong@{rest.rpartition('@')[2]}"
    assert run("migrate", directory=tmp_path, variables={"DATABASE_URL": url}, code=1).stderr.strip()
    found = findings(
        run("doctor", "--json", directory=tmp_path, variables=served.variables | {"DATABASE_URL": url}, code=1)
    )
    assert found["database"]["outcome"] == "failed"


def test_the_openapi_document_needs_no_service(tmp_path: Path) -> None:
    run("openapi", "-o", "openapi.json", directory=tmp_path)
    document = json.loads((tmp_path / "openapi.json").read_text())
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == version("ai-platform")
    assert run("openapi", "-o", "nowhere/openapi.json", directory=tmp_path, code=2).stderr


@pytest.mark.parametrize("command", ["gateway", "llm-worker"])
def test_a_service_without_its_services_is_wrong_use(tmp_path: Path, command: str) -> None:
    refused = run(command, directory=tmp_path, code=2)
    for name in ("DATABASE_URL", "RABBITMQ_URL", "REDIS_URL"):
        assert name in refused.stderr


@pytest.mark.parametrize(
    ("command", "name", "url"),
    [
        (("gateway", "--port", "0"), "DATABASE_URL", "nonsense of mine"),
        (("llm-worker",), "RABBITMQ_URL", "nonsense of mine"),
        (("doctor",), "REDIS_URL", "redis://host:port-of-mine/"),
    ],
)
def test_an_address_that_is_none_is_named_and_not_shown(
    served: Stage, tmp_path: Path, command: tuple[str, ...], name: str, url: str
) -> None:
    refused = run(*command, directory=tmp_path, variables=served.variables | {name: url}, code=2)
    assert name in refused.stderr
    assert "mine" not in refused.stderr + refused.stdout


def test_a_taken_port_is_refused_with_the_remedy(gateway: GatewayProcess, served: Stage, tmp_path: Path) -> None:
    port = gateway.url.rpartition(":")[2]
    refused = run("gateway", "--port", port, directory=tmp_path, variables=served.variables, code=2)
    assert "--port" in refused.stderr
