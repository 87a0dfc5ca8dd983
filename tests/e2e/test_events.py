"""A job's events over HTTP: listed, live, resumed; with the words of both providers' models as they come."""

import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ai_platform.processes.cli_gateway import Event, parsed
from tests.e2e.client import Client
from tests.e2e.command_line import AI_PLATFORM, environment, run_command
from tests.e2e.programs import GatewayProcess, WorkerProcess, until
from tests.e2e.stage import KEY, Stage, client_of
from tests.http_clients import request
from tests.twins.llm_server import LlmTwin

PROVIDERS = ("openai", "anthropic")
SSE = {"Accept": "text/event-stream"}
LIFE = ["job.queued", "job.started", "job.completed"]


@pytest.fixture(scope="module", autouse=True)
def _configs(served: Stage, worker: WorkerProcess) -> None:
    served.config("events-slow", "demo?latency=1.5")
    served.config("events-slower", "demo?latency=4")
    served.config("events-long", "demo?latency=15")
    served.config("events-changed", "demo?latency=15")
    for provider in PROVIDERS:
        for model in ("held", "held-cut"):
            served.config(f"events-{provider}-{model}", model, provider=provider, max_tokens=100)


@contextmanager
def following(client: Client, job_id: str, last: str = "") -> Iterator[Iterator[Event]]:
    headers = SSE | ({"Last-Event-ID": last} if last else {})
    with client.http.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield parsed(answer.iter_lines())


def followed(client: Client, job_id: str, last: str = "") -> list[Event]:
    with following(client, job_id, last) as events:
        return list(events)


def spoken(client: Client, twin: LlmTwin, prompt: str, config: str) -> list[Event]:
    """All events of a job whose model holds its answer back until its reader is there."""
    job_id = client.submit(prompt, config_name=config, stream=True)
    with following(client, job_id) as events:
        try:
            seen = [next(events)]
            while seen[-1].type != "job.started":
                seen.append(next(events))
        finally:
            twin.release(prompt)
        return [*seen, *events]


def recorded(events: list[Event]) -> list[str]:
    return [one.type for one in events if one.id and one.type != "job.node"]


def test_a_job_is_followed_from_its_submission_to_its_result(client: Client) -> None:
    job_id = client.submit("follow me", config_name="events-slow", stream=True)
    events = followed(client, job_id)
    assert recorded(events) == LIFE
    assert {one.data["job_id"] for one in events} == {job_id}
    assert events[-1].data["result"] == client.job(job_id)["result"]


def test_the_list_tells_what_the_stream_replays(client: Client) -> None:
    job_id = client.result_of("list me", config_name="demo")["job_id"]
    listed = client.http.get(f"/v1/jobs/{job_id}/events").json()
    streamed = followed(client, job_id)
    assert [(str(one["id"]), one["event"]) for one in listed] == [(one.id, one.type) for one in streamed]
    assert listed[-1]["result"] == "[demo] list me"


def test_whoever_comes_back_gets_what_came_after_its_last_id(client: Client) -> None:
    job_id = client.submit("come back", config_name="events-slow")
    with following(client, job_id) as events:
        first = next(events)
    assert recorded([first, *followed(client, job_id, first.id)]) == LIFE


def test_nothing_follows_the_last_event(client: Client) -> None:
    job_id = client.result_of("the end", config_name="demo")["job_id"]
    last = followed(client, job_id)[-1].id
    answer = client.http.get(f"/v1/jobs/{job_id}/events", headers=SSE | {"Last-Event-ID": last})
    assert (answer.status_code, answer.content) == (204, b"")


def test_an_id_that_is_none_begins_at_the_start(client: Client) -> None:
    job_id = client.result_of("odd ids", config_name="demo")["job_id"]
    assert recorded(followed(client, job_id, "seven")) == LIFE


def test_a_reader_who_joins_while_the_model_thinks_gets_past_and_future(client: Client) -> None:
    job_id = client.submit("think well", config_name="events-slow")
    until(lambda: client.job(job_id)["status"] == "PROCESSING", what="PROCESSING")
    assert recorded(followed(client, job_id)) == LIFE


def test_an_unknown_job_is_refused_before_there_is_a_stream(client: Client) -> None:
    answer = client.http.get(f"/v1/jobs/{uuid.UUID(int=7)}/events", headers=SSE)
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


def test_a_stranger_sees_nothing(client: Client, gateway: GatewayProcess) -> None:
    job_id = client.submit("secret", config_name="demo")
    answer = request("GET", f"{gateway.url}/v1/jobs/{job_id}/events", headers=SSE)
    assert answer.status_code == 401


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_words_come_before_the_result_and_make_it(client: Client, twin: LlmTwin, provider: str) -> None:
    events = spoken(client, twin, f"Grüße 🙂 of {provider}", f"events-{provider}-held")
    words = [one for one in events if one.type == "job.token"]
    assert "".join(one.data["text"] for one in words) == events[-1].data["result"] == f"echo: Grüße 🙂 of {provider}"
    assert not any(one.id for one in words)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_that_broke_off_begins_anew_and_says_so(client: Client, twin: LlmTwin, provider: str) -> None:
    events = spoken(client, twin, f"a long answer of {provider}", f"events-{provider}-held-cut")
    takes: dict[tuple[int, int], str] = {}
    for one in events:
        if one.type == "job.token":
            take = (one.data["attempt"], one.data["take"])
            assert one.data["offset"] == len(takes.get(take, ""))
            takes[take] = takes.get(take, "") + one.data["text"]
    broken, whole = takes.values()
    assert whole == events[-1].data["result"]
    assert len(broken) < len(whole)


def test_two_hundred_readers_at_once_all_see_everything(client: Client, gateway: GatewayProcess) -> None:
    jobs = [client.submit(f"crowd {number}", config_name="events-slower") for number in range(20)]

    def read(number: int) -> list[str]:
        with client_of(gateway) as own:
            return recorded(followed(own, jobs[number % 20]))

    with ThreadPoolExecutor(max_workers=200) as threads:
        assert list(threads.map(read, range(200))) == [LIFE] * 200


def test_a_gateway_with_open_streams_stops_in_time_and_one_goes_on_elsewhere(client: Client, served: Stage) -> None:
    other = served.gateway(SHUTDOWN_GRACE_SECONDS="20").start()
    job_id = client.submit("where do we go", config_name="events-slower")
    with client_of(other) as there, following(there, job_id) as events:
        first = next(events)
        began = time.monotonic()
        other.send(signal.SIGTERM)
        seen = [first, *events]
    assert other.wait() == 0
    assert time.monotonic() - began < 6
    last = [one.id for one in seen if one.id][-1]
    assert recorded([*seen, *followed(client, job_id, last)]) == LIFE


def test_dev_streams_too(stage: Stage) -> None:
    dev = stage.dev().start()
    with Client(dev.ready["url"]) as client:
        job_id = client.submit("one process", stream=True)
        assert recorded(followed(client, job_id)) == LIFE
    dev.stop()


def cli(gateway: GatewayProcess, directory: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    there = {"AI_PLATFORM_URL": gateway.url, "AI_PLATFORM_API_KEY": KEY}
    return run_command("jobs", *words, directory=directory, variables=there)


def test_the_command_line_streams_an_answer(gateway: GatewayProcess, tmp_path: Path) -> None:
    ran = cli(gateway, tmp_path, "submit", "word by word", "--config", "events-slow", "--stream", "--metadata", "a=b")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "[demo] word by word\n", "")


def test_the_command_line_says_why_there_is_no_answer_to_stream(
    served: Stage, gateway: GatewayProcess, tmp_path: Path
) -> None:
    served.config("events-broken", "demo?nonsense=1")
    ran = cli(gateway, tmp_path, "submit", "never", "--config", "events-broken", "--stream")
    assert ran.returncode == 1
    assert "FAILED" in ran.stderr


def test_the_command_line_shows_and_follows_events(client: Client, gateway: GatewayProcess, tmp_path: Path) -> None:
    job_id = client.submit("follow me", config_name="events-slow")
    live = cli(gateway, tmp_path, "events", job_id, "--follow")
    past = cli(gateway, tmp_path, "events", job_id)
    for kind in LIFE:
        assert kind in live.stdout
        assert kind in past.stdout


def hears_interrupts() -> None:
    """A shell has what it starts in the background ignore them, and these tests may run so."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_stopping_to_look_leaves_the_job_running(client: Client, gateway: GatewayProcess, tmp_path: Path) -> None:
    job_id = client.submit("let me go", config_name="events-long")
    looking = subprocess.Popen(
        [AI_PLATFORM, "jobs", "events", job_id, "--follow", "--url", gateway.url, "--key", KEY],
        cwd=tmp_path, env=environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=hears_interrupts,  # noqa: PLW1509 - no thread of ours holds a lock
    )  # fmt: skip
    assert looking.stdout is not None
    assert "job.queued" in looking.stdout.readline()
    looking.send_signal(signal.SIGINT)
    _, said = looking.communicate(timeout=30)
    assert looking.returncode == 1
    assert f"jobs events {job_id}" in said
    until(lambda: client.job(job_id)["status"] == "PROCESSING", what="PROCESSING")
    assert client.http.post(f"/v1/jobs/{job_id}/cancel").status_code == 202


def test_the_command_line_cancels_and_asks_again(
    client: Client, served: Stage, gateway: GatewayProcess, tmp_path: Path
) -> None:
    job_id = client.submit("never mind", config_name="events-changed")
    cancelled = cli(gateway, tmp_path, "cancel", job_id)
    assert cancelled.returncode == 0, cancelled.stderr
    until(lambda: client.job(job_id)["status"] == "CANCELLED", what="CANCELLED")
    assert cli(gateway, tmp_path, "cancel", job_id).returncode == 1
    served.sql("UPDATE llm_configs SET model_name = 'demo', version = version + 1 WHERE name = 'events-changed'")
    assert cli(gateway, tmp_path, "retry", job_id).stdout in ("QUEUED\n", "PROCESSING\n", "COMPLETED\n")
    assert client.wait_terminal([job_id])[job_id]["status"] == "COMPLETED"


def test_wrong_metadata_is_wrong_use(gateway: GatewayProcess, tmp_path: Path) -> None:
    assert cli(gateway, tmp_path, "submit", "Hello", "--metadata", "nonsense").returncode == 2
