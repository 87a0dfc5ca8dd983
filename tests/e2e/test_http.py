"""The gateway's conventions: who may come in, what answers look like, and what is told to whom."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Client
from tests.e2e.command_line import run_command
from tests.e2e.problems import the_problem
from tests.e2e.programs import GatewayProcess, WorkerProcess, until
from tests.e2e.stage import KEY, METRICS_TOKEN, Stage
from tests.http_clients import request, sync_client
from tests.unit.runtime.test_telemetry import PROMISED

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
NOBODYS_ID = "5d1f2c3e-8a4b-4c6d-9e0f-112233445566"
SECRET_PROMPT = "nobody may read xylophone-4711 in a log"
AS_JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def open_gateway(served: Stage) -> GatewayProcess:
    return served.gateway(AUTH_MODE="open").start()


def test_a_job_goes_from_gateway_to_worker_and_back(client: Client, worker: WorkerProcess) -> None:
    fields = {"config_name": "demo", "metadata": {"order": 7}, "priority": "high"}
    accepted = client.http.post("/v1/jobs", json={"prompt": "Hello", **fields})
    assert accepted.status_code == 202
    assert accepted.json()["status"] == "QUEUED"
    assert accepted.headers["location"] == f"/v1/jobs/{accepted.json()['job_id']}"
    job = client.wait_terminal([accepted.json()["job_id"]])[accepted.json()["job_id"]]
    shown = {name: job[name] for name in ("status", "result", "error", "agent_type", "retry_count", "metadata")}
    assert shown == {
        "status": "COMPLETED",
        "result": "[demo] Hello",
        "error": None,
        "agent_type": "main",
        "retry_count": 0,
        "metadata": {"order": 7},
    }
    assert job["created_at"] <= job["started_at"] <= job["completed_at"]
    assert job["created_at"].endswith(("Z", "+00:00"))


@pytest.mark.parametrize("authorization", [None, "Bearer aip_wrong", "Basic YTpi", "Bearer", KEY, f"Bearer {KEY}x"])
def test_a_stranger_is_401_before_anything_is_read(gateway: GatewayProcess, authorization: str | None) -> None:
    headers = AS_JSON | ({"Authorization": authorization} if authorization else {})
    with sync_client(base_url=gateway.url, headers=headers) as stranger:
        for answer in (
            stranger.post("/v1/jobs", content=b"{broken"),
            stranger.get("/v1/jobs", params={"limit": 0}),
            stranger.get("/v1/nowhere"),
            stranger.get("/v1/jobs/not-an-id"),
        ):
            assert the_problem(answer, 401)["code"] in ("key_missing", "key_invalid")
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("job_id", ["not-an-id", "%00", "018f", "..", NOBODYS_ID])
def test_an_id_of_nothing_is_404(client: Client, job_id: str) -> None:
    the_problem(client.http.get(f"/v1/jobs/{job_id}"), 404)


def test_an_unknown_path_is_404_and_a_wrong_method_405(client: Client) -> None:
    assert the_problem(client.http.get("/v1/nowhere"), 404)["code"] == "not_found"
    refused = client.http.delete("/v1/jobs")
    assert the_problem(refused, 405)["code"] == "method_not_allowed"
    assert "POST" in refused.headers["allow"]
    the_problem(client.http.get("/v1/jobs", headers={"X-Tenant-ID": str(uuid.uuid4())}), 404)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("status=UNKNOWN", "status"),
        ("status=%00", "status"),
        ("config_name=%00", "config_name"),
        ("config_name=" + "x" * 256, "config_name"),
    ],
)
def test_a_bad_filter_is_named(client: Client, query: str, where: str) -> None:
    problem = the_problem(client.http.get(f"/v1/jobs?{query}"), 422)
    assert [one["loc"] for one in problem["errors"]] == [["query", where]]


@pytest.mark.parametrize("cursor", ["", "x", "%00", "%F0%9F%98%80", "YWJj", "A" * 5000, NOBODYS_ID])
def test_a_bad_cursor_is_named(client: Client, cursor: str) -> None:
    assert the_problem(client.http.get(f"/v1/jobs?cursor={cursor}"), 422)["code"] == "invalid_cursor"


def test_pages_show_every_job_once_newest_first(client: Client, served: Stage, worker: WorkerProcess) -> None:
    served.config("paged", "demo")
    ids = [client.submit(f"page {number}", config_name="paged") for number in range(7)]
    client.wait_terminal(ids)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.http.get("/v1/jobs", params={"config_name": "paged", "limit": 3, **cursor}).json()
        seen += [job["job_id"] for job in page["items"]]
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 3
        cursor = {"cursor": page["next_cursor"]}
    assert seen == ids[::-1]
    assert client.jobs(config_name="paged", status="FAILED") == []
    assert len(client.jobs(config_name="paged", status="COMPLETED")) == 7


def test_the_request_id_is_echoed_and_a_bad_one_replaced(client: Client) -> None:
    assert client.http.get("/livez", headers={"X-Request-ID": "my.own_id-1"}).headers["x-request-id"] == "my.own_id-1"
    for bad in ("spaces in it", "x" * 129, "<script>", ""):
        made = client.http.get("/livez", headers={"X-Request-ID": bad}).headers["x-request-id"]
        assert made
        assert made != bad


def test_the_trace_reaches_the_worker_and_no_secret_any_log(
    client: Client, served: Stage, gateway: GatewayProcess, worker: WorkerProcess
) -> None:
    headers = {"X-Request-ID": "trace-me-42", "traceparent": TRACEPARENT}
    prompts = {"demo": SECRET_PROMPT, "unreadable": f"{SECRET_PROMPT} either"}
    served.config("unreadable", "demo?nonsense=1")
    for config, prompt in prompts.items():
        fields = {"prompt": prompt, "config_name": config}
        accepted = client.http.post("/v1/jobs", json=fields, headers=headers)
        client.wait_terminal([accepted.json()["job_id"]])

    def traced(program: GatewayProcess | WorkerProcess) -> list[dict[str, Any]]:
        return [line for line in program.lines() if line.get("request_id") == "trace-me-42"]

    for program in (gateway, worker):
        lines = until(traced, program, what=f"a line of {type(program).__name__} with the id")
        assert {line["trace_id"] for line in lines} == {TRACE}
        assert "xylophone-4711" not in program.history
        assert KEY not in program.history
        assert METRICS_TOKEN not in program.history
        assert served.database_url not in program.history


def test_metrics_are_for_the_platform_key_and_the_token(client: Client, gateway: GatewayProcess) -> None:
    client.submit("count me")
    the_problem(request("GET", f"{gateway.url}/metrics"), 401)
    by_token = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    assert request("GET", f"{gateway.url}/metrics", headers=by_token).status_code == 200
    the_problem(request("GET", f"{gateway.url}/v1/jobs", headers=by_token), 401)
    text = client.http.get("/metrics").text
    for name in PROMISED:
        assert f"# TYPE {name.removesuffix('_total')}" in text, name
    assert 'route="/v1/jobs"' in text
    assert not any(uuid_like in text for uuid_like in (job["job_id"] for job in client.jobs()[:5]))


def test_health_and_readiness_are_for_everybody(gateway: GatewayProcess) -> None:
    with sync_client(base_url=gateway.url) as anybody:
        health = anybody.get("/health").json()
        assert health["status"] == "healthy"
        assert health["service"] == "gateway"
        assert health["checks"] == {"database": "ok", "queue": "ok", "cache": "ok"}
        assert anybody.get("/livez").status_code == anybody.get("/readyz").status_code == 200


def test_the_docs_page_needs_no_foreign_server(gateway: GatewayProcess) -> None:
    with sync_client(base_url=gateway.url) as anybody:
        page = anybody.get("/docs")
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text
        for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
            assert f"/docs/assets/{asset}" in page.text
            assert anybody.get(f"/docs/assets/{asset}").status_code == 200
        document = anybody.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {"/v1/jobs", "/v1/jobs/{job_id}", "/health"} <= document["paths"].keys()


def test_open_mode_serves_this_machine_only(open_gateway: GatewayProcess) -> None:
    with sync_client(base_url=open_gateway.url) as anybody:
        assert anybody.get("/v1/jobs").status_code == 200
        assert anybody.get("/v1/jobs", headers={"Origin": open_gateway.url}).status_code == 200
        port = open_gateway.url.rpartition(":")[2]
        for header, value, status in (
            ("Host", f"evil.example:{port}", 403),
            ("Host", f"127.0.0.1.evil.example:{port}", 403),
            ("Origin", "http://evil.example", 403),
            ("Origin", "null", 403),
            ("Sec-Fetch-Site", "cross-site", 403),
            ("X-Forwarded-For", "203.0.113.9", 401),
            ("Forwarded", "for=203.0.113.9", 401),
            ("Authorization", "Bearer aip_wrong", 401),
        ):
            the_problem(anybody.get("/v1/jobs", headers={header: value}), status)
        assert anybody.get("/metrics").status_code == 200


def test_every_answer_has_a_request_id_and_is_not_cached(client: Client) -> None:
    for path in ("/livez", "/v1/jobs", "/v1/nowhere", "/v1/jobs/x", "/v1/jobs?limit=0", "/docs", "/openapi.json"):
        answer = client.http.get(path)
        assert answer.headers["x-request-id"]
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (("--host", "0.0.0.0"), {"AUTH_MODE": "open"}, "loopback"),
        ((), {"AI_PLATFORM_ADMIN_KEY": ""}, "AI_PLATFORM_ADMIN_KEY"),
        ((), {"DATABASE_URL": "", "REDIS_URL": ""}, "DATABASE_URL, REDIS_URL"),
        ((), {"APP_ENV": "production", "AI_PLATFORM_ADMIN_KEY": "changeme"}, "AI_PLATFORM_ADMIN_KEY"),
        ((), {"DATABASE_POOL_SIZE": "many"}, "DATABASE_POOL_SIZE"),
    ],
)
def test_a_gateway_that_would_be_unsafe_or_useless_does_not_start(
    served: Stage, tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], words: str
) -> None:
    refused = run_command(
        "gateway", "--port", "0", *arguments, directory=tmp_path, variables=served.variables | variables
    )
    assert refused.returncode == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr + refused.stdout
