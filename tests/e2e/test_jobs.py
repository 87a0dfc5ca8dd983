"""Jobs over HTTP beyond one submission: cancelled, asked again, in batches, only once."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.e2e.client import Client
from tests.e2e.problems import the_problem
from tests.e2e.programs import GatewayProcess, WorkerProcess, until
from tests.e2e.stage import Stage, client_of

MISSING = "018f0000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def hanging(served: Stage) -> str:
    """A config whose model never answers."""
    served.config("hanging", "hang", provider="openai", api_key_env="OPENAI_API_KEY")
    return "hanging"


def test_a_running_job_is_cancelled_at_once_and_can_be_asked_for_again(
    client: Client, worker: WorkerProcess, hanging: str
) -> None:
    job_id = client.submit("Think for ever", config_name=hanging)
    until(lambda: client.job(job_id)["status"] == "PROCESSING")
    answer = client.http.post(f"/v1/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "CANCELLED")
    assert the_problem(client.http.post(f"/v1/jobs/{job_id}/cancel"), 409)["code"] == "invalid_transition"
    again = client.http.post(f"/v1/jobs/{job_id}/retry")
    assert (again.status_code, again.json()["retry_count"]) == (202, 0)
    assert again.json()["status"] in ("QUEUED", "PROCESSING")  # its worker may be quicker than the answer
    assert the_problem(client.http.post(f"/v1/jobs/{job_id}/retry"), 409)["code"] == "invalid_transition"
    client.http.post(f"/v1/jobs/{job_id}/cancel")


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_nothing_can_be_decided_about_a_job_that_is_not_there(client: Client, verb: str) -> None:
    for job_id in (MISSING, "not-an-id"):
        the_problem(client.http.post(f"/v1/jobs/{job_id}/{verb}"), 404)


def test_a_batch_is_accepted_in_its_order_and_done(client: Client, worker: WorkerProcess) -> None:
    prompts = [f"Number {number}" for number in range(20)]
    batch = {"jobs": [{"prompt": prompt, "config_name": "demo"} for prompt in prompts]}
    answer = client.http.post("/v1/jobs/batch", json=batch)
    assert answer.status_code == 202
    assert {one["status"] for one in answer.json()["jobs"]} == {"QUEUED"}
    ids = [one["job_id"] for one in answer.json()["jobs"]]
    ended = client.wait_terminal(ids)
    assert [ended[job_id]["result"] for job_id in ids] == [f"[demo] {prompt}" for prompt in prompts]


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        ({"prompt": ""}, ["body", "jobs", 1, "prompt"]),
        ({"prompt": "Hi", "config_name": "nobody"}, ["body", "jobs", 1, "config_name"]),
        ({"prompt": "Hi", "callback_url": "http://127.0.0.1/"}, ["body", "jobs", 1, "callback_url"]),
    ],
)
def test_one_bad_job_keeps_the_batch_out_and_is_named(client: Client, bad: dict[str, Any], where: list[Any]) -> None:
    good = {"prompt": "Kept out by another", "config_name": "demo", "metadata": {"where": json.dumps(where)}}
    problem = the_problem(client.http.post("/v1/jobs/batch", json={"jobs": [good, bad]}), 422)
    assert problem["errors"][0]["loc"] == where
    assert all(job["metadata"] != good["metadata"] for job in client.jobs())


@pytest.mark.parametrize("jobs", [0, 501])
def test_a_batch_has_1_to_500_jobs(client: Client, jobs: int) -> None:
    the_problem(client.http.post("/v1/jobs/batch", json={"jobs": [{"prompt": "Hi"}] * jobs}), 422)


def test_a_batch_may_be_larger_than_another_body(client: Client) -> None:
    jobs = [{"prompt": "x" * 99_000, "config_name": "demo"} for _ in range(30)]
    answer = client.http.post("/v1/jobs/batch", json={"jobs": jobs})
    assert answer.status_code == 202
    beyond = client.http.post("/v1/jobs/batch", content=b" " * (32 * 1024 * 1024 + 1))
    assert the_problem(beyond, 413)["code"] == "body_too_large"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/jobs", {"prompt": "Once", "config_name": "demo"}),
        ("/v1/jobs/batch", {"jobs": [{"prompt": "Once", "config_name": "demo"}] * 2}),
    ],
)
def test_a_repeat_with_the_same_key_is_answered_like_the_first(client: Client, path: str, body: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": f"repeat {path}"}
    first = client.http.post(path, json=body, headers=headers)
    again = client.http.post(path, json=body, headers=headers)
    assert first.status_code == again.status_code == 202
    assert (first.content, first.headers.get("location")) == (again.content, again.headers.get("location"))
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    other = client.http.post(path, json=body | {"metadata": {}} if "prompt" in body else {"jobs": []}, headers=headers)
    assert other.status_code == 422


def test_the_same_key_with_another_body_is_refused(client: Client) -> None:
    headers = {"Idempotency-Key": "reused"}
    assert client.http.post("/v1/jobs", json={"prompt": "A", "config_name": "demo"}, headers=headers).is_success
    refused = client.http.post("/v1/jobs", json={"prompt": "B", "config_name": "demo"}, headers=headers)
    assert the_problem(refused, 422)["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\tinside"])
def test_a_key_that_is_none_is_refused(client: Client, key: str) -> None:
    problem = the_problem(client.http.post("/v1/jobs", json={"prompt": "Hi"}, headers={"Idempotency-Key": key}), 422)
    assert problem["errors"][0]["loc"] == ["header", "Idempotency-Key"]


def test_many_at_once_with_one_key_make_one_job(client: Client) -> None:
    ready = threading.Barrier(16)

    def ask(_: int) -> httpx.Response:
        ready.wait()
        body = {"prompt": "At once", "config_name": "demo"}
        return client.http.post("/v1/jobs", json=body, headers={"Idempotency-Key": "at once"})

    with ThreadPoolExecutor(max_workers=16) as threads:
        answers = list(threads.map(ask, range(16)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["job_id"] for answer in answers if answer.status_code == 202}) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_progress"}


def test_a_tenant_with_a_full_queue_is_told_to_wait(served: Stage) -> None:
    crowded = served.gateway(JOB_QUEUE_LIMIT="1").start()
    with client_of(crowded) as client:
        batch = {"jobs": [{"prompt": "Hi", "config_name": "demo"}] * 2}
        answer = client.http.post("/v1/jobs/batch", json=batch)
        assert the_problem(answer, 429)["code"] == "queue_full"
        assert int(answer.headers["retry-after"]) >= 1


def test_a_config_is_tried_in_a_worker(client: Client, worker: WorkerProcess, served: Stage) -> None:
    tried = client.http.post("/v1/llm/configs/demo/test")
    assert tried.status_code == 200
    assert tried.json() | {"latency_ms": 0} == {"ok": True, "config_name": "demo", "latency_ms": 0, "error": None}
    served.config("tried-without-a-key", "echo", provider="openai", api_key_env="NOBODY_SET_THIS")
    failed = client.http.post("/v1/llm/configs/tried-without-a-key/test").json()
    assert (failed["ok"], failed["error"]["code"]) == (False, "llm_key_missing")
    assert the_problem(client.http.post("/v1/llm/configs/nobody/test"), 404)["code"] == "config_not_found"


def test_a_callback_without_a_secret_to_sign_with_is_refused(client: Client) -> None:
    body = {"prompt": "Hi", "config_name": "demo", "callback_url": "https://example.com/hook"}
    assert the_problem(client.http.post("/v1/jobs", json=body), 422)["errors"][0]["loc"] == ["body", "callback_url"]


def test_the_worker_stops_calling_for_a_cancelled_job(
    client: Client, gateway: GatewayProcess, worker: WorkerProcess, hanging: str
) -> None:
    job_id = client.submit("Stop me", config_name=hanging)
    until(lambda: client.job(job_id)["status"] == "PROCESSING")
    began = time.monotonic()
    client.http.post(f"/v1/jobs/{job_id}/cancel")
    lost = "claim_lost", job_id
    until(lambda: any(all(word in line for word in lost) for line in worker.history.splitlines()), within=2.0)
    assert time.monotonic() - began < 2.0
