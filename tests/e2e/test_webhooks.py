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
from tests.e2e.stage import Stage, client_of

SECRET = "whsec_" + "c2VjcmV0" * 5


class Receiver(ThreadingHTTPServer):
    """Verifies what it gets; answers with the statuses given, and the last of them for ever."""

    daemon_threads = True

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.received: list[tuple[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def bodies_of(self, job_id: str) -> list[Any]:
        return [body for _, body in self.received if body["data"]["job_id"] == job_id]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        verified = Webhook(SECRET).verify(body, dict(self.headers))
        self.server.received.append((self.headers["webhook-id"], verified))
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
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def hooked(served: Stage) -> Iterator[Client]:
    """A gateway and a worker with a secret that may call loopback."""
    variables = {"WEBHOOK_SECRET": SECRET, "WEBHOOK_ALLOW_PRIVATE": "true"}
    gateway: GatewayProcess = served.gateway(**variables).start()
    worker: WorkerProcess = served.worker(**variables).start()
    with client_of(gateway) as client:
        yield client
    gateway.close()
    worker.close()


def log_of(client: Client, job_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.http.get(f"/v1/jobs/{job_id}/webhooks").json()["items"]
    return items


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


def test_a_callback_without_a_secret_is_refused(client: Client) -> None:
    answer = client.http.post("/v1/jobs", json={"prompt": "Hello", "callback_url": "https://example.com/"})
    assert "WEBHOOK_SECRET" in the_problem(answer, 422)["detail"]


@pytest.mark.parametrize("url", ["ftp://example.com/", "http://user:pw@example.com/", "nonsense", ""])
def test_a_callback_that_is_no_web_address_is_refused(hooked: Client, url: str) -> None:
    the_problem(hooked.http.post("/v1/jobs", json={"prompt": "Hello", "callback_url": url}), 422)
