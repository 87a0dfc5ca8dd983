"""The stage of a run: durable services, a database of its own, and the processes under measurement."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil

from ai_platform.runtime.db_pool import async_url
from ai_platform.runtime.migrations import upgrade
from tests.services.stack import Services

CONCURRENCY = 500

Figures = dict[str, float]


@dataclass(frozen=True)
class Stage:
    dsn: str
    environment: Mapping[str, str]

    async def value(self, query: str, *arguments: Any) -> Any:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    def fetch(self, query: str, *arguments: Any) -> Any:
        return asyncio.run(self.value(query, *arguments))

    def until(self, query: str, wanted: int, *, within: float) -> float:
        """Poll a count until it is reached; seconds it took."""

        async def poll() -> float:
            connection = await asyncpg.connect(self.dsn)
            began = time.perf_counter()
            try:
                while await connection.fetchval(query) < wanted:
                    if time.perf_counter() - began > within:
                        raise TimeoutError(f"{query}: not {wanted} within {within} s")
                    await asyncio.sleep(0.02)
                return time.perf_counter() - began
            finally:
                await connection.close()

        return asyncio.run(poll())

    @contextmanager
    def highest(self, query: str) -> Iterator[list[int]]:
        """Looks ten times a second from a thread of its own; the list holds the highest value seen."""
        seen, over = [0], threading.Event()

        async def look() -> None:
            connection = await asyncpg.connect(self.dsn)
            while not over.is_set():
                seen[0] = max(seen[0], await connection.fetchval(query))
                await asyncio.sleep(0.1)
            await connection.close()

        thread = threading.Thread(target=lambda: asyncio.run(look()))
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join()

    @contextmanager
    def process(
        self, *command: str, ready: Callable[[], bool] | str, **environment: str
    ) -> Iterator["subprocess.Popen[str]"]:
        """A process from start to a polite end. `ready` is a line on stdout, or a condition."""
        child = subprocess.Popen(
            [sys.executable, *command],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if not os.environ.get("BENCH_DEBUG") else None,
            text=True,
        )
        try:
            _await_ready(child, ready)
            assert child.stdout is not None
            # a pipe that nobody empties holds up the process as soon as it has logged enough
            threading.Thread(target=deque, args=(child.stdout, 0), daemon=True).start()
            yield child
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    @contextmanager
    def gateway(self) -> Iterator[str]:
        with self.gateway_process() as (url, _):
            yield url

    @contextmanager
    def gateway_process(self) -> Iterator[tuple[str, psutil.Process]]:
        port = free_port()
        with self.process(
            "-m", "ai_platform.processes.cli", "gateway", "--port", str(port), ready=lambda: answers(port, "/readyz")
        ) as child:
            yield f"http://127.0.0.1:{port}", psutil.Process(child.pid)

    @contextmanager
    def worker(self, **environment: str) -> Iterator["subprocess.Popen[str]"]:
        with self.process(
            "-m",
            "ai_platform.processes.llm_worker",
            ready="worker_started",
            **{"LLM_WORKER_CONCURRENCY": str(CONCURRENCY), **environment},
        ) as child:
            yield child

    @contextmanager
    def plain_gateway(self) -> Iterator[str]:
        with self.plain_gateway_process() as (url, _):
            yield url

    @contextmanager
    def plain_gateway_process(self) -> Iterator[tuple[str, psutil.Process]]:
        port = free_port()
        with self.process(
            "-m", "uvicorn", "--factory", "benchmarks.plain_gateway:create_app", "--port", str(port), "--no-access-log",
            ready=lambda: answers(port, "/openapi.json"),
        ) as child:  # fmt: skip
            yield f"http://127.0.0.1:{port}", psutil.Process(child.pid)

    def load(
        self,
        url: str,
        count: int,
        *,
        connections: int = 32,
        config: str = "demo",
        fields: Mapping[str, object] | None = None,
    ) -> dict[str, float]:
        body = json.dumps({"prompt": "Write a haiku about programming", "config_name": config, **(fields or {})})
        result = self.posts(url, body, count=count, connections=connections)
        assert result["refused"] == 0, result
        return result

    def posts(
        self, url: str, body: str, *, count: int, connections: int = 32, names: Sequence[str] = ()
    ) -> dict[str, float]:
        """Requests by a process of its own; each of `names` stands once for the `{}` of the URL."""
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load", url, str(count), str(connections), body],
            capture_output=True, text=True, check=True, env=dict(self.environment), timeout=120, input="\n".join(names),
        )  # fmt: skip
        result: dict[str, float] = json.loads(done.stdout)
        return result


@contextmanager
def staged() -> Iterator[Stage]:
    """Fresh services whose commits reach the disk, and a migrated database."""
    with Services(private=True, durable=True) as services:
        url = services.postgres.create_database(f"bench_{uuid.uuid4().hex[:8]}")
        upgrade(url)
        dsn = async_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "DATABASE_URL": url,
            "PLAIN_DSN": dsn,
            "RABBITMQ_URL": services.rabbitmq.url,
            "REDIS_URL": services.redis.url,
            "AUTH_MODE": "open",
            "OPENAI_API_KEY": "sk-bench",
        }
        yield Stage(dsn, environment)


def peak_memory(pid: int) -> float:
    """MiB of resident memory at its highest."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float(psutil.Process(pid).memory_info().rss) / 2**20


@contextmanager
def cpu_of(process: psutil.Process, times: int) -> Iterator[list[float]]:
    """What the process spends in here, in milliseconds for each of so many times; known at the end."""
    spent = [0.0]
    before = process.cpu_times()
    yield spent
    after = process.cpu_times()
    spent[0] = (after.user + after.system - before.user - before.system) * 1000 / times


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _await_ready(child: "subprocess.Popen[str]", ready: Callable[[], bool] | str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise RuntimeError(f"{child.args!r} ended with {child.returncode}")
        if isinstance(ready, str):
            assert child.stdout is not None
            if ready in child.stdout.readline():
                return
        elif ready():
            return
        else:
            time.sleep(0.05)
    raise TimeoutError(f"{child.args!r} is not ready")
