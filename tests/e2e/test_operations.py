"""The operator's view: a message that nobody can work off is found, looked at and replayed."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from tests.e2e.client import Client
from tests.e2e.command_line import run_command
from tests.e2e.problems import the_problem
from tests.e2e.programs import GatewayProcess, WorkerProcess, until
from tests.e2e.stage import KEY, Stage
from tests.patience import PATIENCE
from tests.services.postgres import outside_the_loop

LETTERS = "/v1/ops/dead-letters"
QUEUE = "ai_tasks"

pytestmark = pytest.mark.usefixtures("worker")


async def _publish(url: str, body: bytes, headers: dict[str, Any]) -> None:
    async with asyncio.timeout(PATIENCE), await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange
        await exchange.publish(aio_pika.Message(body, headers=headers, type="orders.unknown"), QUEUE)


@pytest.fixture
def poison(served: Stage, client: Client) -> Iterator[str]:
    """The id of the dead letter that a message of somebody else became."""
    mark = uuid.uuid4().hex
    outside_the_loop(_publish(served.variables["RABBITMQ_URL"], b"not json", {"mark": mark}))
    yield until(lambda: letter_with(client, mark), what="the poison is a dead letter")["id"]
    served.sql("UPDATE dead_letters SET replayed_at = now() WHERE replayed_at IS NULL")


def letter_with(client: Client, mark: str, **filters: Any) -> Any:
    found = client.http.get(LETTERS, params=filters).json()["items"]
    return next((one for one in found if one["headers"].get("mark") == mark), None)


def operator(gateway: GatewayProcess, directory: Path, *arguments: str, code: int = 0) -> str:
    """What the command says on stdout, or on stderr when it fails."""
    there = {"AI_PLATFORM_URL": gateway.url, "AI_PLATFORM_API_KEY": KEY, "COLUMNS": "200"}
    ran = run_command(*arguments, directory=directory, variables=there)
    assert ran.returncode == code, f"{ran.returncode}: {ran.stdout}{ran.stderr}"
    return ran.stderr if code else ran.stdout


def test_a_dead_letter_says_what_it_was_and_why_it_died(client: Client, poison: str) -> None:
    letter = client.http.get(f"{LETTERS}/{poison}").json()
    assert (letter["queue"], letter["type"], letter["code"]) == (QUEUE, "orders.unknown", "body_unreadable")
    assert letter["attempts"][0]["error"]["code"] == "body_unreadable"
    assert letter["replayed_at"] is None


def test_the_queues_count_it(client: Client, poison: str) -> None:
    page = client.http.get("/v1/ops/queues").json()
    (queue,) = [one for one in page["items"] if one["queue"] == QUEUE]
    assert (queue["consumers"], queue["dead_letters"] >= 1, page["next_cursor"]) == (1, True, None)


def test_the_metrics_count_it(client: Client, poison: str) -> None:
    until(lambda: 'dead_letters{queue="ai_tasks"} 1.0' in client.http.get("/metrics").text, what="the gauge")


def test_a_replayed_letter_is_worked_on_again_and_dies_anew(client: Client, poison: str) -> None:
    mark = client.http.get(f"{LETTERS}/{poison}").json()["headers"]["mark"]
    replayed = client.http.post(f"{LETTERS}/{poison}/replay")
    assert (replayed.status_code, replayed.json()) == (202, {"replayed": 1})
    assert letter_with(client, mark, replayed=True)["id"] == poison
    anew = until(lambda: letter_with(client, mark), what="it dies anew")
    assert anew["id"] != poison


def test_a_second_replay_is_refused(client: Client, poison: str) -> None:
    client.http.post(f"{LETTERS}/{poison}/replay")
    problem = the_problem(client.http.post(f"{LETTERS}/{poison}/replay"), 409)
    assert problem["code"] == "dead_letter_replayed"


def test_an_unknown_letter_is_not_found(client: Client) -> None:
    for answer in (client.http.get(f"{LETTERS}/{uuid.uuid4()}"), client.http.post(f"{LETTERS}/{uuid.uuid4()}/replay")):
        assert the_problem(answer, 404)["code"] == "dead_letter_not_found"


def test_replaying_everything_must_be_said(client: Client, poison: str) -> None:
    assert the_problem(client.http.post(f"{LETTERS}/replay"), 422)["code"] == "validation_failed"
    assert client.http.get(f"{LETTERS}/{poison}").json()["replayed_at"] is None


def test_all_of_a_code_are_replayed(client: Client, poison: str) -> None:
    nobody = client.http.post(f"{LETTERS}/replay", params={"code": "no_such_code"})
    assert (nobody.status_code, nobody.json()) == (202, {"replayed": 0})
    assert client.http.post(f"{LETTERS}/replay", params={"code": "body_unreadable"}).json()["replayed"] >= 1
    assert client.http.get(f"{LETTERS}/{poison}").json()["replayed_at"] is not None


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=nonsense", "subject_id=x", "queue=", "queue=%00"])
def test_a_question_that_makes_no_sense_is_refused(client: Client, query: str) -> None:
    the_problem(client.http.get(f"{LETTERS}?{query}"), 422)


def test_a_stranger_sees_nothing(gateway: GatewayProcess) -> None:
    with Client(gateway.url) as stranger:
        for path in ("/v1/ops/queues", LETTERS, f"{LETTERS}/{uuid.uuid4()}"):
            the_problem(stranger.http.get(path), 401)


def test_the_command_line_lists_shows_and_replays(gateway: GatewayProcess, poison: str, tmp_path: Path) -> None:
    assert poison in operator(gateway, tmp_path, "dlq", "list", "--queue", QUEUE)
    listed = json.loads(operator(gateway, tmp_path, "dlq", "list", "--json"))
    assert poison in {one["id"] for one in listed}
    shown = operator(gateway, tmp_path, "dlq", "show", poison)
    assert "body_unreadable" in shown
    assert "Attempt" in shown
    assert poison in operator(gateway, tmp_path, "dlq", "replay", poison)
    assert "replayed already" in operator(gateway, tmp_path, "dlq", "replay", poison, code=1)


def test_the_command_line_replays_a_whole_queue(
    client: Client, gateway: GatewayProcess, poison: str, tmp_path: Path
) -> None:
    assert "Replayed" in operator(gateway, tmp_path, "dlq", "replay", "--queue", QUEUE, "--yes")
    assert client.http.get(f"{LETTERS}/{poison}").json()["replayed_at"] is not None


def test_the_command_line_shows_the_queues(gateway: GatewayProcess, tmp_path: Path) -> None:
    assert QUEUE in operator(gateway, tmp_path, "queues")
    assert json.loads(operator(gateway, tmp_path, "queues", "--json"))[0]["queue"] == QUEUE


def test_nothing_to_do_is_said(gateway: GatewayProcess, tmp_path: Path) -> None:
    assert "No dead letters" in operator(gateway, tmp_path, "dlq", "list", "--code", "no_such_code")
    assert "No dead letter" in operator(gateway, tmp_path, "dlq", "replay", "--code", "no_such_code")


@pytest.mark.parametrize(
    "arguments", [("replay",), ("replay", "--all", "--queue", "x"), ("replay", "nonsense"), ("show", "nonsense")]
)
def test_wrong_use_is_said_and_nothing_is_done(
    gateway: GatewayProcess, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert operator(gateway, tmp_path, "dlq", *arguments, code=2)


@pytest.mark.parametrize("command", [("dlq", "list"), ("dlq", "show"), ("dlq", "replay"), ("queues",)])
def test_every_command_has_an_example(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert "Example:" in run_command(*command, "--help", directory=tmp_path).stdout


def test_the_webhooks_of_a_job_without_any_are_an_empty_list(client: Client, worker: WorkerProcess) -> None:
    job_id = client.submit("Hello", config_name="demo")
    answer = client.http.get(f"/v1/jobs/{job_id}/webhooks")
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next_cursor": None})


def test_the_webhooks_of_no_job_are_not_found(client: Client) -> None:
    answer = client.http.get(f"/v1/jobs/{uuid.uuid4()}/webhooks")
    assert the_problem(answer, 404)["code"] == "job_not_found"
