"""The command line as an operator uses it: one clear sentence when something is wrong, and never a traceback."""

import json
import stat
import subprocess
import uuid
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest
from PIL import Image

from ai_platform.runtime.keyring import new_secrets_key
from tests.e2e.client import Client
from tests.e2e.programs import GatewayProcess, WorkerProcess, run_command
from tests.e2e.stage import KEY, SECRETS_KEY, Stage

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module", autouse=True)
def _configs(served: Stage, worker: WorkerProcess) -> None:
    served.config("broken", "demo?nonsense=1")


def run(
    *arguments: str, directory: Path, code: int = 0, variables: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    ran = run_command(*arguments, directory=directory, variables=variables)
    assert ran.returncode == code, f"{ran.returncode}: {ran.stdout}{ran.stderr}"
    assert "Traceback" not in ran.stdout + ran.stderr
    return ran


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


def test_the_doctor_finds_a_good_installation_good(served: Stage, tmp_path: Path) -> None:
    found = findings(run("doctor", "--json", directory=tmp_path, variables=served.variables))
    assert {"database", "schema", "queue", "cache", "python"} <= found.keys()
    assert "failed" not in {one["outcome"] for one in found.values()}
    assert "database" in run("doctor", directory=tmp_path, variables=served.variables).stdout


def test_the_doctor_names_what_is_wrong_with_its_remedy(served: Stage, fresh_database: str, tmp_path: Path) -> None:
    broken = served.variables | {
        "DATABASE_URL": fresh_database,
        "RABBITMQ_URL": "amqp://guest:hidden@127.0.0.1:1/",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "AI_PLATFORM_ADMIN_KEY": "",
    }
    ran = run("doctor", "--json", directory=tmp_path, variables=broken, code=1)
    found = findings(ran)
    assert found["database"]["outcome"] == "ok"
    for subject in ("schema", "queue", "cache", "admin key"):
        assert found[subject]["outcome"] == "failed"
        assert "Remedy:" in found[subject]["detail"]
    assert "hidden" not in ran.stdout + ran.stderr


def test_the_doctor_names_configs_whose_key_is_not_here(served: Stage, tmp_path: Path) -> None:
    served.config("keyless", "some-model", provider="openai", api_key_env="NOBODY_SET_THIS")
    served.config("keyed", "some-model", provider="openai", api_key_env="SOMEBODY_SET_THIS")
    served.config("switched-off", "some-model", provider="openai", api_key_env="NOBODY_SET_THIS", is_active=False)
    variables = served.variables | {"SOMEBODY_SET_THIS": "sk-hidden", "WEBHOOK_SECRET": "whsec_hidden"}
    ran = run("doctor", "--json", directory=tmp_path, variables=variables)
    served.sql("DELETE FROM llm_configs WHERE name IN ('keyless', 'keyed', 'switched-off')")
    found = findings(ran)
    assert found["config keyless"]["outcome"] == "warning"
    assert "NOBODY_SET_THIS" in found["config keyless"]["detail"]
    assert not {"config keyed", "config switched-off", "config demo"} & found.keys()
    assert found["webhook secret"]["outcome"] == "ok"
    assert "hidden" not in ran.stdout + ran.stderr


def test_the_doctor_warns_that_webhooks_cannot_be_signed(served: Stage, tmp_path: Path) -> None:
    found = findings(run("doctor", "--json", directory=tmp_path, variables=served.variables))
    assert found["webhook secret"]["outcome"] == "warning"
    assert "WEBHOOK_SECRET" in found["webhook secret"]["detail"]


def test_the_doctor_tries_the_secrets_key_on_what_is_stored(served: Stage, client: Client, tmp_path: Path) -> None:
    client.http.post("/v1/crm/tenants", json={"name": "Toko Sealed"})

    def seen(secrets_key: str, code: int = 0) -> dict[str, str]:
        variables = served.variables | {"SECRETS_KEY": secrets_key}
        found = findings(run("doctor", "--json", directory=tmp_path, variables=variables, code=code))
        return {name: found[name]["outcome"] for name in ("secrets key", "stored secrets") if name in found}

    assert seen(SECRETS_KEY) == {"secrets key": "ok", "stored secrets": "ok"}
    assert seen("", code=1) == {"secrets key": "warning", "stored secrets": "failed"}
    assert seen("hidden", code=1) == {"secrets key": "failed"}
    assert seen(new_secrets_key(), code=1) == {"secrets key": "ok", "stored secrets": "failed"}


def test_the_doctor_needs_no_service_to_say_that_dev_can_run(tmp_path: Path) -> None:
    found = findings(run("doctor", "--json", directory=tmp_path))
    assert found["services"]["outcome"] == "warning"
    assert "dev" in found["services"]["detail"]


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


def findings(ran: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, str]]:
    return {one["subject"]: one for one in json.loads(ran.stdout)}


@pytest.mark.parametrize("job_id", ["not-an-id", "../../health"])
def test_what_is_no_job_id_is_refused_before_anything_is_asked(job_id: str, tmp_path: Path) -> None:
    refused = run("jobs", "show", job_id, directory=tmp_path, code=2)
    assert "UUID" in refused.stderr


def test_the_jobs_workflow_is_drawn_without_any_service(tmp_path: Path) -> None:
    shown = run("workflow", "draw", "jobs", directory=tmp_path).stdout
    for word in (
        "| moderation |",
        "main -> fallback  (failed)",
        "graph TD;",
        "router -. &nbsp;violation&nbsp; .-> fallback",
    ):
        assert word in shown
    for target in ("main", "followup", "fallback"):
        assert f"router -> {target}  (" in shown
    run("workflow", "draw", "jobs", "-o", "jobs.png", directory=tmp_path)
    with Image.open(tmp_path / "jobs.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 500
        assert len(picture.getcolors(1_000_000) or ()) > 5
    run("workflow", "draw", "jobs", "--format", "mermaid", "-o", "jobs.mmd", directory=tmp_path)
    assert "moderation" in (tmp_path / "jobs.mmd").read_text()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(("nonsense",), "nonsense"), (("jobs", "--format", "svg"), "svg"), (("jobs", "-o", "nowhere/x.png"), "nowhere")],
)
def test_what_cannot_be_drawn_is_wrong_use(tmp_path: Path, arguments: tuple[str, ...], word: str) -> None:
    refused = run("workflow", "draw", *arguments, directory=tmp_path, code=2)
    assert word in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_the_configuration_is_listed_shown_set_and_deleted(gateway: GatewayProcess, tmp_path: Path) -> None:
    there = {"AI_PLATFORM_URL": gateway.url, "AI_PLATFORM_API_KEY": KEY}

    def said(*arguments: str, code: int = 0) -> str:
        ran = run(*arguments, directory=tmp_path, variables=there, code=code)
        return ran.stderr if code else ran.stdout

    made = json.loads(said("config", "set", "a/b", "provider=demo", "model_name=demo", "fallbacks=demo"))
    assert (made["fallbacks"], made["version"]) == (["demo"], 1)
    changed = json.loads(said("config", "set", "a/b", "temperature=0.2", "validation.on_empty=accept"))
    assert (changed["temperature"], changed["validation"]["on_empty"], changed["fallbacks"]) == (
        0.2,
        "accept",
        ["demo"],
    )
    assert json.loads(said("config", "show", "a/b")) == changed
    assert "a/b" in said("config", "list")
    assert "temperature" in said("config", "set", "a/b", "temperature=7", code=1)
    assert "key=value" in said("config", "set", "a/b", "temperature", code=2)
    said("config", "delete", "a/b")
    assert "There is no config 'a/b'." in said("config", "show", "a/b", code=1)
    (tmp_path / "shop.txt").write_text("You serve {shop}.")
    assert json.loads(said("template", "set", "shop", "--file", "shop.txt"))["variables"] == ["shop"]
    said("template", "set", "shop", "--content", "Serve well.")
    assert said("template", "show", "shop") == "Serve well.\n"
    assert [one["revision"] for one in json.loads(said("template", "revisions", "shop", "--json"))] == [2, 1]
    assert "--file" in said("template", "set", "shop", code=2)
    assert json.loads(said("agent", "set", "main", "config_name=demo"))["template_name"] == "main-agent"
    assert "the main agent" in said("config", "delete", "demo", code=1)
    assert json.loads(said("agent", "set", "main", "config_name=null"))["config_name"] is None
    assert "chief" in said("agent", "set", "chief", "max_tokens=1", code=1)
