"""What one worker process costs beside its model calls, how many it holds at once, and whom it serves first."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import httpx
import psutil

from ai_platform.jobs.domain.job import Job, Pipeline, Priority
from ai_platform.jobs.infrastructure.intake import PostgresIntake
from ai_platform.kernel.ids import new_id
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.db import Database
from ai_platform.runtime.db_pool import PoolOptions
from ai_platform.runtime.outbox import Outbox
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics
from benchmarks.bare_calls import WARM_UP
from benchmarks.stage import Figures, Stage, peak_memory
from tests.twins.llm_server import llm_server_process

DONE = "SELECT count(*) FROM jobs WHERE status = 'COMPLETED'"
BUSY_TENANT = UUID("00000000-0000-7000-8000-00000000000a")


def cpu_single(stage: Stage) -> Figures:
    """CPU a single-agent job costs beside its model call: 1 000 jobs, 100 at a time, over the OpenAI wire."""
    return _cpu_per_job(stage, "single", limit=5)


def cpu_multi(stage: Stage) -> Figures:
    """CPU a multi-agent job costs beside its model calls: 1 000 jobs, 100 at a time, over the OpenAI wire."""
    return _cpu_per_job(stage, "multi_agent", limit=15)


def thousand_calls(stage: Stage) -> Figures:
    """1 000 calls of 2 s at once in one worker process, against a bare asyncio.gather of the same calls."""
    count, model = 1000, "slow-2"
    _configured(stage, model)
    with llm_server_process() as twin:
        variables = {"OPENAI_BASE_URL": twin.openai}
        bare = _bare(stage, model, count, 1, count, **variables)
        with stage.gateway() as gateway, stage.worker(**variables | {"LLM_WORKER_CONCURRENCY": str(count)}) as worker:
            _warmed_up(stage, gateway, model)
            twin.reset()
            began = stage.fetch(DONE)
            worker.send_signal(signal.SIGSTOP)  # all shall be there when it begins, as they are for the bare one
            stage.load(f"{gateway}/v1/jobs", count, config=f"bench-{model}")
            worker.send_signal(signal.SIGCONT)
            seconds = stage.until(DONE, began + count, within=60)
            peak = peak_memory(worker.pid)
            asked = twin.calls()
    return {
        "1000 x 2 s": seconds,
        "bare gather": bare["seconds"],
        "ratio (≤ 1.3)": seconds / bare["seconds"],
        "calls in flight (1000)": float(asked["peak"]),
        "calls a job (1)": asked["count"] / count,
        "peak MiB (< 300)": peak,
        "bare peak MiB": bare["peak"],
    }


def fairness(stage: Stage) -> Figures:
    """10 000 jobs of one tenant wait; another tenant's single jobs start at once."""
    waiting = 10_000
    _configured(stage, "demo?latency=0.5", provider="demo")
    stage.fetch("INSERT INTO tenants (id, name) VALUES ($1, 'Busy') ON CONFLICT DO NOTHING", BUSY_TENANT)
    asyncio.run(_queued(stage, waiting))
    variables = {"LLM_WORKER_CONCURRENCY": "50", "SHUTDOWN_GRACE_SECONDS": "4"}
    with stage.gateway() as gateway, stage.worker(**variables):
        stage.until(DONE, 200, within=60)
        starts = [_start_of(stage, gateway) for _ in range(5)]
        left = stage.fetch("SELECT count(*) FROM jobs WHERE status = 'QUEUED'")
    return {"the other's slowest start s (< 2)": max(starts), "of the busy one still waiting": float(left)}


def _cpu_per_job(stage: Stage, pipeline: str, *, limit: int) -> Figures:
    jobs, concurrency, model = 1000, 100, "slow-0.1"
    fields = {"pipeline": pipeline}
    _configured(stage, model)
    with llm_server_process() as twin:
        variables = {"OPENAI_BASE_URL": twin.openai}
        with (
            stage.gateway() as gateway,
            stage.worker(**variables | {"LLM_WORKER_CONCURRENCY": str(concurrency)}) as worker,
        ):
            _warmed_up(stage, gateway, model, fields)
            began, before, calls_before = stage.fetch(DONE), _cpu(worker.pid), twin.calls()["count"]
            stage.load(f"{gateway}/v1/jobs", jobs, config=f"bench-{model}", fields=fields)
            seconds = stage.until(DONE, began + jobs, within=180)
            cpu, calls = _cpu(worker.pid) - before, twin.calls()["count"] - calls_before
        bare = _bare(stage, model, jobs, max(1, round(calls / jobs)), concurrency, **variables)
    ours_ms, bare_ms = cpu / jobs * 1000, bare["cpu"] / jobs * 1000
    return {
        "CPU ms a job": ours_ms,
        "CPU ms of its calls made bare": bare_ms,
        f"CPU ms beside the calls (< {limit})": ours_ms - bare_ms,
        "ratio": ours_ms / bare_ms,
        "calls a job": calls / jobs,
        "jobs/s": jobs / seconds,
    }


def _configured(stage: Stage, model: str, provider: str = "openai") -> None:
    stage.fetch(
        "INSERT INTO llm_configs (name, provider, model_name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        f"bench-{model}", provider, model,
    )  # fmt: skip


def _warmed_up(stage: Stage, gateway: str, model: str, fields: Mapping[str, object] | None = None) -> None:
    began = stage.fetch(DONE)
    stage.load(f"{gateway}/v1/jobs", WARM_UP, config=f"bench-{model}", fields=fields)
    stage.until(DONE, began + WARM_UP, within=60)


def _bare(stage: Stage, model: str, times: int, calls: int, concurrency: int, **variables: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bare_calls", model, str(times), str(calls), str(concurrency)],
        capture_output=True, text=True, check=True, env={**stage.environment, **variables}, timeout=300,
    )  # fmt: skip
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _cpu(pid: int) -> float:
    """Seconds that the process has used, in its own code and in the system's for it."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


async def _queued(stage: Stage, count: int) -> None:
    """Accepted by the platform's own intake, so that each has the place in the queue that it would have."""
    database = Database(stage.environment["DATABASE_URL"], PoolOptions(application_name="benchmark"))
    relay = Relay(Outbox(database), EmbeddedBus(database, ()))  # never started: the gateway's publishes what is written
    intake = PostgresIntake(database, relay, task_queue="ai_tasks", queue_limit=2 * count, metrics=Metrics())
    await asyncio.gather(*(intake.accept(_job(number)) for number in range(count)))
    await database.close()


def _job(number: int) -> Job:
    job = Job(
        id=new_id(),
        tenant_id=BUSY_TENANT,
        prompt=f"Busy {number}",
        config_name="bench-demo?latency=0.5",
        template_name="default-assistant",
        pipeline=Pipeline.SINGLE,
        priority=Priority.NORMAL,
        max_retries=3,
        created_at=datetime.now(UTC),
    )
    job.accept()
    return job


def _start_of(stage: Stage, gateway: str) -> float:
    """Seconds from a submission over HTTP to its claim."""
    body = {"prompt": "Me too", "config_name": "bench-demo?latency=0.5"}
    job_id = UUID(httpx.post(f"{gateway}/v1/jobs", json=body, trust_env=False).json()["job_id"])
    began = time.monotonic()
    started = "SELECT extract(epoch FROM started_at - created_at)::float8 FROM jobs WHERE id = $1"
    while (seconds := stage.fetch(started, job_id)) is None:
        assert time.monotonic() - began < 60, "it does not start"
        time.sleep(0.1)
    return float(seconds)


ALL = {
    "cpu-per-job": cpu_single,
    "cpu-per-job-multi": cpu_multi,
    "thousand-calls": thousand_calls,
    "fairness": fairness,
}
