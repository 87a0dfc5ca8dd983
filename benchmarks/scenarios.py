"""What is measured. Each scenario returns its figures by name; ratios are ours against the plain alternative."""

import http.client
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks import catalogue_scenarios, order_scenarios, tenancy_scenarios, worker_scenarios
from benchmarks.stage import CONCURRENCY, Figures, Stage, peak_memory
from tests.twins.llm_server import llm_server_process

DONE = "SELECT count(*) FROM jobs WHERE status = 'COMPLETED'"
IN_FLIGHT = "SELECT count(*) FROM jobs WHERE status = 'PROCESSING'"
VISIBLE = "SELECT jsonb_object_agg(id, extract(epoch FROM pg_xact_commit_timestamp(xmin))) FROM jobs"
"""When the last change of each job was committed: from then on anybody sees it."""


def accepts(stage: Stage) -> Figures:
    """Accepts a second at 32 connections, against the same rows written plainly and against publishing inline."""
    count = 6000
    with stage.plain_gateway() as plain:
        stage.load(f"{plain}/rows", 1000)
        rows = stage.load(f"{plain}/rows", count)
        inline = stage.load(f"{plain}/inline", count)
    with stage.gateway() as gateway:
        stage.load(f"{gateway}/v1/jobs", 1000)
        ours = stage.load(f"{gateway}/v1/jobs", count)
    return {
        "accepts/s": ours["rate"],
        "accepts p50 ms": ours["p50_ms"],
        "accepts p99 ms": ours["p99_ms"],
        "plain same rows/s": rows["rate"],
        "plain same rows p99 ms": rows["p99_ms"],
        "plain insert + publish/s": inline["rate"],
        "ratio to same rows (≥ 0.8)": ours["rate"] / rows["rate"],
        "ratio to insert + publish (> 1)": ours["rate"] / inline["rate"],
    }


def no_ops(stage: Stage) -> Figures:
    """A backlog of jobs that cost nothing, worked off by one worker process."""
    count = 4000
    with stage.plain_gateway() as plain:
        stage.load(f"{plain}/inline", count)
    began = stage.fetch(DONE)
    with plain_worker(stage, "sleep", "0"):
        plain_seconds = stage.until(DONE, began + count, within=60)
    with stage.gateway() as gateway:
        stage.load(f"{gateway}/v1/jobs", count)
        began = stage.fetch(DONE)
        with stage.worker():
            seconds = stage.until(DONE, began + count, within=120)
    return {
        "no-op jobs/s": count / seconds,
        "plain consumer/s": count / plain_seconds,
        "ratio (≥ 0.3)": plain_seconds / seconds,
    }


def waits(stage: Stage) -> Figures:
    """2 000 jobs of 0.2 s demo latency, 500 at a time in one process."""
    ours, peak, _ = _ours(stage, "demo?latency=0.2", 2000)
    plain = _plain(stage, "sleep", "0.2", 2000)
    return {"2000 x 0.2 s": ours, "plain consumer": plain, "ratio (≤ 1.5)": ours / plain, "peak MiB (< 150)": peak}


def long_waits(stage: Stage) -> Figures:
    """2 000 jobs of 1 s demo latency: how many calls are in flight."""
    ours, peak, most = _ours(stage, "demo?latency=1", 2000)
    return {"2000 x 1 s (≤ 7)": ours, "calls in flight (≥ 490)": most, "peak MiB (< 150)": peak}


def provider_wire(stage: Stage) -> Figures:
    """2 000 jobs of 1 s over the OpenAI wire, against a bare LangGraph worker."""
    with llm_server_process() as twin:
        environment = {"OPENAI_BASE_URL": twin.openai}
        plain = _plain(stage, "langgraph", "slow-1", 2000, **environment)
        ours, peak, most = _ours(stage, "slow-1", 2000, provider="openai", **environment)
    return {
        "2000 x 1 s over the wire": ours,
        "bare LangGraph worker": plain,
        "ratio (≤ 1.2)": ours / plain,
        "calls in flight": most,
        "peak MiB (< 220)": peak,
    }


def idle_latency(stage: Stage) -> Figures:
    """One job after the other on an idle platform: until its result is visible, and is seen by who asks on."""
    with plain_worker(stage, "sleep", "0"), stage.plain_gateway() as plain:
        plainly_visible = _visible(stage, plain, "/inline")
        plainly = _seen(plain, "/inline", "/inline/{job_id}")
    with stage.gateway() as gateway, stage.worker():
        visible = _visible(stage, gateway, "/v1/jobs")
        seen = _seen(gateway, "/v1/jobs", "/v1/jobs/{job_id}")
    return {
        "visible p50 ms (< 12)": visible[0],
        "visible p99 ms (< 40)": visible[1],
        "plainly visible p50 ms": plainly_visible[0],
        "ratio of the medians visible": visible[0] / plainly_visible[0],
        "seen p50 ms (< 12)": seen[0],
        "seen p99 ms (< 40)": seen[1],
        "plainly seen p50 ms": plainly[0],
        "plainly seen p99 ms": plainly[1],
        "ratio of the medians seen": seen[0] / plainly[0],
    }


def _visible(stage: Stage, url: str, submit: str) -> tuple[float, float]:
    """Milliseconds from a submission to its result's commit, with nobody watching: p50 and p99.

    To ask all the time takes one of two cores, so the platform would not be idle.
    """
    client = http.client.HTTPConnection(url.removeprefix("http://"))
    sent, before = dict[str, float](), stage.fetch(DONE)
    for number in range(320):
        began = time.time()
        sent[_submitted(client, submit, number)] = began
        time.sleep(0.05)
    stage.until(DONE, before + len(sent), within=20)
    committed = json.loads(stage.fetch(VISIBLE))
    return _middle_and_tail([(committed[job_id] - began) * 1000 for job_id, began in sent.items()])


def _middle_and_tail(times: Sequence[float]) -> tuple[float, float]:
    """p50 and p99 of all but the first twenty, which warm up."""
    settled = sorted(times[20:])
    return settled[len(settled) // 2], settled[int(len(settled) * 0.99)]


def _seen(url: str, submit: str, read: str) -> tuple[float, float]:
    """Milliseconds from a submission to the answer that has its result, asked for without a pause: p50 and p99."""
    times: list[float] = []
    client = http.client.HTTPConnection(url.removeprefix("http://"))
    for number in range(320):
        began = time.perf_counter()
        job_id = _submitted(client, submit, number)
        while True:
            client.request("GET", read.format(job_id=job_id))
            if json.loads(client.getresponse().read())["status"] == "COMPLETED":
                break
        times.append((time.perf_counter() - began) * 1000)
        time.sleep(0.01)
    return _middle_and_tail(times)


def _submitted(client: http.client.HTTPConnection, path: str, number: int) -> str:
    body = json.dumps({"prompt": f"Say {number}", "config_name": "demo"})
    client.request("POST", path, body, {"Content-Type": "application/json"})
    return str(json.loads(client.getresponse().read())["job_id"])


def seen_over_sse(stage: Stage) -> Figures:
    """One job after the other on an idle platform: until a client that opens its event stream has the result."""
    times: list[float] = []
    with stage.gateway() as gateway, stage.worker():
        client = http.client.HTTPConnection(gateway.removeprefix("http://"))
        for number in range(320):
            began = time.perf_counter()
            job_id = _submitted(client, "/v1/jobs", number)
            client.request("GET", f"/v1/jobs/{job_id}/events", headers={"Accept": "text/event-stream"})
            answer = client.getresponse()
            while (line := answer.readline()) and line != b"event: job.completed\n":
                pass
            assert line, "the stream ended without a result"
            times.append((time.perf_counter() - began) * 1000)
            answer.read()
            time.sleep(0.01)
    middle, tail = _middle_and_tail(times)
    return {"over SSE p50 ms": middle, "over SSE p99 ms (< 40)": tail}


@contextmanager
def plain_worker(stage: Stage, kind: str, argument: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    with stage.process(
        "-m", "benchmarks.plain_worker", kind, argument, str(CONCURRENCY), ready="ready", **environment
    ) as child:
        yield child


def _plain(stage: Stage, kind: str, argument: str, count: int, **environment: str) -> float:
    """Seconds from the start of the first job to the end of the last."""
    with plain_worker(stage, kind, argument, **environment), stage.plain_gateway() as plain:
        began = stage.fetch(DONE)
        started = time.perf_counter()
        stage.load(f"{plain}/inline", count)
        stage.until(DONE, began + count, within=120)
        return time.perf_counter() - started


def _ours(
    stage: Stage, model: str, count: int, *, provider: str = "demo", **environment: str
) -> tuple[float, float, float]:
    """Seconds from the first submission to the last result, peak memory in MiB, most jobs in flight."""
    config = f"bench-{model}"
    stage.fetch(
        "INSERT INTO llm_configs (name, provider, model_name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        config, provider, model,
    )  # fmt: skip
    with stage.worker(**environment) as worker, stage.gateway() as gateway:
        began = stage.fetch(DONE)
        started = time.perf_counter()
        with stage.highest(IN_FLIGHT) as in_flight:
            stage.load(f"{gateway}/v1/jobs", count, config=config)
            stage.until(DONE, began + count, within=120)
        return time.perf_counter() - started, peak_memory(worker.pid), float(in_flight[0])


ALL = {
    "accepts": accepts,
    "no-ops": no_ops,
    "waits": waits,
    "long-waits": long_waits,
    "wire": provider_wire,
    "idle": idle_latency,
    "sse": seen_over_sse,
    **worker_scenarios.ALL,
    **tenancy_scenarios.ALL,
    **catalogue_scenarios.ALL,
    **order_scenarios.ALL,
}
