"""`ai-platform dev`: the first thing that a newcomer starts."""

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.client import Client
from tests.e2e.command_line import run_command
from tests.e2e.dev_program import DevProcess
from tests.e2e.stage import Stage, empty_stage, twin_variables
from tests.http_clients import request
from tests.services.process import lives
from tests.twins.llm_server import LlmTwin

FIELDS = {
    *("ready", "url", "console_url", "docs_url", "api_key", "tenant_id"),
    *("owner_api_key", "webhook_secret", "auth_mode", "model", "pid"),
}


@pytest.fixture(scope="module")
def running() -> Iterator[DevProcess]:
    """One `dev` for the tests that only ask it."""
    with empty_stage() as stage:
        yield stage.dev().start()


def test_the_ready_line_is_one_json_object_with_every_field(running: DevProcess) -> None:
    ready = running.ready
    assert ready.keys() == FIELDS
    assert ready["ready"] is True
    assert ready["docs_url"] == f"{ready['url']}/docs"
    assert ready["auth_mode"] == "open"
    assert ready["api_key"].startswith("aip_")
    assert ready["pid"] == running.pid
    assert ready["model"] == "demo:demo"


def test_a_prompt_sent_as_the_readme_does_is_answered(running: DevProcess) -> None:
    with Client(running.ready["url"]) as client:
        accepted = client.http.post("/v1/jobs", json={"prompt": "Write a haiku about programming"})
        assert accepted.status_code == 202
        job_id = accepted.json()["job_id"]
        assert accepted.json() == {"job_id": job_id, "status": "QUEUED"}
        assert accepted.headers["location"] == f"/v1/jobs/{job_id}"
        job = client.wait_terminal([job_id])[job_id]
    assert job["status"] == "COMPLETED"
    assert job["result"] == "[demo] Write a haiku about programming"
    assert job["usage"]["output_tokens"] == 6


def test_the_key_of_the_ready_line_comes_in_and_a_wrong_one_does_not(running: DevProcess) -> None:
    ready = running.ready
    with Client(ready["url"], ready["api_key"]) as client, Client(ready["url"], "aip_wrong") as stranger:
        assert client.http.get("/v1/jobs").status_code == 200
        assert stranger.http.get("/v1/jobs").status_code == 401


def test_the_owners_key_of_the_ready_line_is_the_default_tenants(running: DevProcess) -> None:
    ready = running.ready
    assert ready["webhook_secret"].startswith("whsec_")
    with Client(ready["url"], ready["owner_api_key"]) as owner:
        me = owner.http.get("/v1/auth/me").json()
        assert (me["role"], me["tenant_id"]) == ("owner", ready["tenant_id"])
        shown = owner.http.get(f"/v1/crm/tenants/{ready['tenant_id']}").json()
        assert (shown["name"], shown["webhook_secret_set"]) == ("default", True)


def test_without_seed_the_default_tenant_has_no_key(stage: Stage) -> None:
    ready = stage.dev("--no-seed").start().ready
    assert [ready[name] for name in ("tenant_id", "owner_api_key", "webhook_secret")] == [None] * 3


def test_everything_is_healthy_without_a_service(running: DevProcess) -> None:
    health = request("GET", f"{running.ready['url']}/health")
    assert health.status_code == 200
    assert health.json()["status"] == "healthy"
    assert health.json()["checks"] == {"database": "ok", "queue": "ok", "cache": "ok"}


def test_a_second_instance_on_the_same_data_is_refused_with_a_sentence(running: DevProcess, tmp_path: Path) -> None:
    second = run_command("dev", "--port", "0", "--data-dir", str(running.data_dir), directory=tmp_path)
    assert second.returncode == 2
    assert f"runs on {running.data_dir}" in second.stderr
    assert "--data-dir" in second.stderr
    assert "Traceback" not in second.stderr
    assert running.running


def test_every_problem_is_named_at_once_with_its_remedy(running: DevProcess, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ("dev", "--port", port, "--data-dir", str(running.data_dir))
        refused = run_command(*arguments, directory=tmp_path, variables={"LOG_LEVEL": "LOUD"})
    assert refused.returncode == 2
    assert refused.stdout == ""
    for words in (f"127.0.0.1:{port}", "--port", str(running.data_dir), "LOG_LEVEL"):
        assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_open_mode_on_every_address_is_refused(tmp_path: Path) -> None:
    refused = run_command("dev", "--host", "0.0.0.0", "--port", "0", directory=tmp_path)
    assert refused.returncode == 2
    assert "loopback" in refused.stderr


def test_data_keys_and_jobs_are_there_again_after_a_drain(stage: Stage) -> None:
    dev = stage.dev().start()
    first, postmaster = dev.ready, dev.postmaster
    with Client(first["url"]) as client:
        job = client.result_of("remember me")
    dev.stop()
    assert postmaster is not None
    assert not is_alive(postmaster)
    assert dev.postmaster is None

    dev.start()
    for name in ("api_key", "owner_api_key", "webhook_secret", "tenant_id"):
        assert dev.ready[name] == first[name]
    with Client(dev.ready["url"]) as client:
        assert client.job(job["job_id"]) == job
    dev.stop()


def test_what_is_secret_is_readable_by_its_owner_only(running: DevProcess) -> None:
    """`running` lies below a directory that is private to whoever runs the tests, root too."""
    data_dir = running.data_dir
    assert stat.S_IMODE(data_dir.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "keys.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((data_dir / "postgres" / "password").stat().st_mode) == 0o600
    assert json.loads((data_dir / "keys.json").read_text())["platform_key"] == running.ready["api_key"]


def test_a_killed_instance_starts_again_on_what_its_postgresql_left(stage: Stage) -> None:
    dev = stage.dev().start()
    with Client(dev.ready["url"]) as client:
        job = client.result_of("before the crash")
    dev.kill()
    assert dev.postmaster is not None
    assert is_alive(dev.postmaster)

    dev.start()
    with Client(dev.ready["url"]) as client:
        assert client.job(job["job_id"]) == job
        assert client.result_of("after the crash")["result"] == "[demo] after the crash"
    dev.stop()


def test_services_in_the_environment_are_ignored_with_a_warning(stage: Stage) -> None:
    nowhere = "postgresql://nobody:hidden@127.0.0.1:1/none"
    dev = stage.dev(DATABASE_URL=nowhere, REDIS_URL="redis://127.0.0.1:1").start()
    assert "settings_ignored" in dev.err
    assert "DATABASE_URL" in dev.err
    assert "REDIS_URL" in dev.err
    assert "hidden" not in dev.err
    with Client(dev.ready["url"]) as client:
        assert client.result_of("on its own database")["status"] == "COMPLETED"


def test_default_smart_follows_the_keys_at_each_start(stage: Stage, twin: LlmTwin) -> None:
    dev = stage.dev()
    keys = twin_variables(twin)
    for name, provider in (("OPENAI_API_KEY", "openai"), ("ANTHROPIC_API_KEY", "anthropic")):
        dev.variables = {k: v for k, v in keys.items() if k.endswith("_URL") or k == name}
        dev.start()
        assert dev.ready["model"].startswith(f"{provider}:")
        with Client(dev.ready["url"]) as client:
            job = client.result_of("who are you")
        assert job["result"] == "echo: who are you"
        dev.stop()


def test_required_mode_lets_nobody_in_without_the_key(stage: Stage) -> None:
    dev = stage.dev(AUTH_MODE="required").start()
    assert dev.ready["auth_mode"] == "required"
    with Client(dev.ready["url"]) as stranger, Client(dev.ready["url"], dev.ready["api_key"]) as client:
        assert stranger.http.get("/v1/jobs").status_code == 401
        assert client.http.get("/v1/jobs").status_code == 200


def is_alive(pid: int) -> bool:

    return psutil.pid_exists(pid) and lives(psutil.Process(pid))
