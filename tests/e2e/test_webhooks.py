"""A job's end is told to its callback: signed, again after a failure, and after a sender was killed."""

import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.e2e.client import Client
from tests.e2e.problems import the_problem
from tests.e2e.programs import GatewayProcess, WorkerProcess, until
from tests.e2e.stage import WEBHOOK_SECRET, WEBHOOKS, Stage, client_of


class Receiver(ThreadingHTTPServer):
    """Verifies what it gets; answers with the statuses given, and the last of them for ever."""

    daemon_threads = True

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.received: list[tuple[str, Any]] = []
        self.secret = WEBHOOK_SECRET
        self.answering = threading.Event()
        self.answering.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def bodies_of(self, job_id: str) -> list[Any]:
        return [body for _, body in self.received if body["data"]["job_id"] == job_id]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        verified = Webhook(self.server.secret).verify(body, dict(self.headers))
        self.server.received.append((self.headers["webhook-id"], verified))
        self.server.answering.wait(30)
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(200) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.answering.set()
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def hooked(served: Stage, worker: WorkerProcess) -> Iterator[Client]:
    """A caller of a gateway that takes callbacks, with the one worker that sends them."""
    assert worker.running
    gateway: GatewayProcess = served.gateway(**WEBHOOKS).start()
    with client_of(gateway) as client:
        yield client
    gateway.close()


def log_of(client: Client, job_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.http.get(f"/v1/jobs/{job_id}/webhooks").json()["items"]
    return items


def a_row(stage: Stage, url: str, job_id: str) -> None:
    """A webhook as the end of a job writes it."""
    stage.sql(
        "INSERT INTO webhook_deliveries (id, tenant_id, subject_id, type, url, payload) SELECT gen_random_uuid(), "
        "tenant_id, id, 'job.completed', $1, jsonb_build_object('type', 'job.completed', 'data', "
        "jsonb_build_object('job_id', id::text)) FROM jobs WHERE id = $2",
        url,
        uuid.UUID(job_id),
    )


def test_a_webhook_is_delivered_and_logged(hooked: Client, receiver: Receiver, served: Stage) -> None:
    job_id = hooked.submit("Hello", config_name="demo")
    a_row(served, receiver.url, job_id)
    until(lambda: [one["status"] for one in log_of(hooked, job_id)] == ["delivered"], what="the log")
    assert receiver.bodies_of(job_id) == [{"type": "job.completed", "data": {"job_id": job_id}}]
    assert [one["status_code"] for one in log_of(hooked, job_id)[0]["tries"]] == [200]


def test_a_sender_that_is_killed_in_the_middle_loses_nothing(
    hooked: Client, receiver: Receiver, served: Stage, worker: WorkerProcess
) -> None:
    receiver.answering.clear()
    job_id = hooked.submit("Hello", config_name="demo")
    a_row(served, receiver.url, job_id)
    until(lambda: receiver.bodies_of(job_id), what="the first try")
    worker.kill()
    receiver.answering.set()
    worker.start()
    until(lambda: [one["status"] for one in log_of(hooked, job_id)] == ["delivered"], what="the second try")
    assert len(receiver.bodies_of(job_id)) == 2
    assert len({webhook_id for webhook_id, body in receiver.received if body["data"]["job_id"] == job_id}) == 1


def test_the_end_of_a_job_is_told_once_and_signed(hooked: Client, receiver: Receiver) -> None:
    job_id = hooked.submit("Hello", config_name="demo", callback_url=receiver.url)
    until(lambda: receiver.bodies_of(job_id), what="the webhook")
    until(lambda: [one["status"] for one in log_of(hooked, job_id)] == ["delivered"], what="the log")
    (body,) = receiver.bodies_of(job_id)
    assert body["type"] == log_of(hooked, job_id)[0]["type"]


def test_a_receiver_that_failed_is_told_again(hooked: Client, receiver: Receiver, served: Stage) -> None:
    receiver.statuses = [500, 200]
    job_id = hooked.submit("Hello", config_name="demo", callback_url=receiver.url)
    until(lambda: [len(one["tries"]) for one in log_of(hooked, job_id)] == [1], what="the first try")
    served.sql("UPDATE webhook_deliveries SET due_at = now() WHERE subject_id = $1", uuid.UUID(job_id))
    until(lambda: [one["status"] for one in log_of(hooked, job_id)] == ["delivered"], what="the second try")
    assert len({webhook_id for webhook_id, body in receiver.received if body["data"]["job_id"] == job_id}) == 1


def test_a_tenants_webhooks_are_signed_with_its_own_secret_also_after_it_was_let_go(
    hooked: Client, receiver: Receiver, served: Stage
) -> None:
    tenant = hooked.http.post("/v1/crm/tenants", json={"name": "Toko Signed"}).json()
    receiver.secret = tenant["webhook_secret"]
    acting = {"X-Tenant-ID": tenant["id"]}
    receiver.answering.clear()
    submission = {"prompt": "Hello", "config_name": "demo", "callback_url": receiver.url}
    job_id = hooked.http.post("/v1/jobs", json=submission, headers=acting).json()["job_id"]
    hooked.http.delete(f"/v1/crm/tenants/{tenant['id']}")
    receiver.answering.set()
    until(lambda: receiver.bodies_of(job_id), what="the webhook, verified by the tenant's secret")


def test_a_callback_without_a_secret_is_refused(client: Client) -> None:
    answer = client.http.post("/v1/jobs", json={"prompt": "Hello", "callback_url": "https://example.com/"})
    assert "WEBHOOK_SECRET" in the_problem(answer, 422)["detail"]


@pytest.mark.parametrize("url", ["ftp://example.com/", "http://user:pw@example.com/", "nonsense", ""])
def test_a_callback_that_is_no_web_address_is_refused(hooked: Client, url: str) -> None:
    the_problem(hooked.http.post("/v1/jobs", json={"prompt": "Hello", "callback_url": url}), 422)
