"""HEAD, methods that are not served, and requests whose head is too large."""

import json
import socket

import httpx
import pytest

from tests.e2e.client import Client
from tests.e2e.problems import the_problem
from tests.e2e.programs import GatewayProcess


def exchange(gateway: GatewayProcess, *pieces: bytes) -> bytes:
    """All that the server says until it closes the connection."""
    parts = httpx.URL(gateway.url)
    with socket.create_connection((parts.host, parts.port or 80), timeout=10) as connection:
        said = b""
        for piece in pieces:
            try:
                connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break
        while received := connection.recv(65536):
            said += received
        return said


def refused(answer: bytes) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    assert b"x-request-id: " in head
    assert json.loads(body)["code"] == "headers_too_large"


BEGIN = b"GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (BEGIN, b"X-Long: " + b"x" * 33_000 + b"\r\n\r\n"),
        (BEGIN, *[b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(40)]),
        (BEGIN, *[b"X-%d: x\r\n" % number for number in range(101)], b"\r\n"),
        (BEGIN, b"X-Never-Ending: ", *[b"x" * 30_000 for _ in range(20)]),
        (b"GET /" + b"x" * 33_000 + b" HTTP/1.1\r\n\r\n",),
        (b"GET /", *[b"x" * 30_000 for _ in range(20)]),
    ],
    ids=["one field", "many bytes", "many fields", "a field without end", "a target", "a target without end"],
)
def test_a_head_that_is_too_large_is_431_before_anybody_is_asked_for_a_key(
    gateway: GatewayProcess, pieces: tuple[bytes, ...]
) -> None:
    refused(exchange(gateway, *pieces))


def test_a_large_head_within_the_limit_is_served(client: Client) -> None:
    headers = {f"X-{number}": "x" * 300 for number in range(90)}
    assert client.http.get("/v1/jobs", headers=headers).status_code == 200


def test_the_heads_of_a_connections_requests_are_not_added_up(client: Client) -> None:
    for _ in range(5):
        assert client.http.get("/livez", headers={"X-Long": "x" * 15_000}).status_code == 200


def test_a_body_is_no_head(client: Client) -> None:
    assert client.http.post("/v1/jobs", json={"prompt": "x" * 90_000, "config_name": "demo"}).status_code == 202


def test_what_is_no_http_is_still_400(gateway: GatewayProcess) -> None:
    assert exchange(gateway, b"NONSENSE\r\n\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("path", ["/livez", "/health", "/v1/jobs", "/openapi.json", "/docs"])
def test_head_answers_as_get_does_but_without_a_body(client: Client, path: str) -> None:
    got, headed = client.http.get(path), client.http.head(path)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert headed.headers["content-type"] == got.headers["content-type"]


def test_a_stranger_learns_nothing_by_head(gateway: GatewayProcess) -> None:
    assert httpx.head(f"{gateway.url}/v1/jobs", trust_env=False).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/jobs", {"GET", "POST", "HEAD"}),
        ("PUT", "/v1/jobs/00000000-0000-0000-0000-000000000000", {"GET", "HEAD"}),
        ("POST", "/livez", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_is_not_served_is_told_all_that_are(
    client: Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = client.http.request(method, path)
    the_problem(answer, 405)
    assert allowed <= set(answer.headers["allow"].split(", "))
    assert method not in answer.headers["allow"]
