"""What a key costs each request, and what many tenants with many jobs cost each of them."""

import asyncio
import http.client
import json
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import asyncpg
import psutil

from ai_platform.jobs.application.ports import JobFilter
from ai_platform.jobs.domain.job import JobStatus
from ai_platform.jobs.infrastructure.claims import PostgresClaims
from ai_platform.jobs.infrastructure.reads import PostgresReads
from ai_platform.runtime.bus import QueueSpec
from ai_platform.runtime.bus_embedded import EmbeddedBus
from ai_platform.runtime.db import Database
from ai_platform.runtime.keyring import new_secrets_key
from ai_platform.runtime.outbox import Outbox
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.telemetry import Metrics
from benchmarks.stage import Figures, Stage, answers, free_port
from tests.scale import LARGE, fill

PLATFORM_KEY = "aip_the_platform_key_of_the_benchmarks_0123456789"
REQUESTS = 2000
SMALL, SCALED = (50, 10_000), (5_000, 1_000_000)
REPEATS = 200


def auth(stage: Stage) -> Figures:
    """CPU of the gateway a request (`GET /v1/jobs?limit=1`): an owner's key and its rate limit, against open mode."""
    with _gateway(stage, AUTH_MODE="open") as (port, process):
        bare = _cpu_a_request(port, process, None)
    given = {"AI_PLATFORM_ADMIN_KEY": PLATFORM_KEY, "SECRETS_KEY": new_secrets_key(), "RATE_LIMIT_PER_SECOND": "100000"}
    with _gateway(stage, AUTH_MODE="required", RATE_LIMIT_BURST="1000000", **given) as (port, process):
        platform = _cpu_a_request(port, process, PLATFORM_KEY)
        owner = _cpu_a_request(port, process, _owners_key(port))
    return {
        "open mode ms": bare,
        "platform key ms": platform,
        "owner's key and rate limit ms": owner,
        "a key and its limit add ms (≤ 1)": owner - bare,
    }


def jobs_at_scale(stage: Stage) -> Figures:
    """List, get and claim with 5 000 tenants and 1 000 000 jobs, against 50 tenants and 10 000 jobs."""
    small, _ = _medians(stage, *SMALL)
    large, seconds = _medians(stage, *SCALED)
    figures: Figures = {"seconds to fill 1 000 000": seconds}
    for what, median in large.items():
        figures |= {f"{what} ms": median, f"{what}, small ms": small[what]}
        figures[f"{what} ratio (≤ 1.5)"] = median / small[what]
    return figures


def _medians(stage: Stage, tenants: int, jobs: int) -> tuple[dict[str, float], float]:
    return asyncio.run(_measured(stage.dsn, tenants, jobs))


async def _measured(dsn: str, tenants: int, jobs: int) -> tuple[dict[str, float], float]:
    owner = await asyncpg.connect(dsn)
    await owner.execute("TRUNCATE jobs, job_events; DELETE FROM tenants WHERE name LIKE 'tenant %'")
    await owner.close()
    began = time.perf_counter()
    await fill(dsn, tenants=tenants, jobs=jobs)
    seconds = time.perf_counter() - began
    database = Database(dsn)
    relay = Relay(Outbox(database), EmbeddedBus(database, [QueueSpec(name="ai_tasks")]))
    claims = PostgresClaims(database, relay, task_queue="ai_tasks", lease_seconds=600, metrics=Metrics())
    reads = PostgresReads(database)
    [newest] = await reads.page(LARGE, JobFilter(), before=None, limit=1)
    works: dict[str, Callable[[], Awaitable[object]]] = {
        "list": lambda: reads.page(LARGE, JobFilter(), before=None, limit=50),
        "list by status": lambda: reads.page(LARGE, JobFilter(status=JobStatus.FAILED), before=None, limit=50),
        "list by config": lambda: reads.page(LARGE, JobFilter(config_name="config-3"), before=None, limit=50),
        "get": lambda: reads.get(LARGE, newest.id),
        "claim": claims.next,
    }
    medians = {what: await _median(work) for what, work in works.items()}
    await database.close()
    return medians, seconds


async def _median(work: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        assert await work() is not None
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[10:])


@contextmanager
def _gateway(stage: Stage, **environment: str) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    command = ("-m", "ai_platform.processes.cli", "gateway", "--port", str(port))
    child: subprocess.Popen[str]
    with stage.process(*command, ready=lambda: answers(port, "/readyz"), **environment) as child:
        yield port, psutil.Process(child.pid)


def _cpu_a_request(port: int, process: psutil.Process, key: str | None) -> float:
    """Milliseconds, over one connection, after a warm-up."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    client = http.client.HTTPConnection("localhost", port)

    def ask(times: int) -> None:
        for _ in range(times):
            client.request("GET", "/v1/jobs?limit=1", headers=headers)
            answer = client.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()

    ask(200)
    before = process.cpu_times()
    ask(REQUESTS)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) * 1000 / REQUESTS


def _owners_key(port: int) -> str:
    client = http.client.HTTPConnection("localhost", port)
    headers = {"Authorization": f"Bearer {PLATFORM_KEY}", "Content-Type": "application/json"}
    client.request("POST", "/v1/crm/tenants", json.dumps({"name": "Warung"}), headers)
    return str(json.loads(client.getresponse().read())["api_key"])


ALL = {"auth": auth, "jobs-at-scale": jobs_at_scale}
