"""Broker, database and cache killed in the middle of work, and brought back; and queues that lose everything."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from tests.chaos.ordeal import (
    QUEUE,
    all_end_well,
    count,
    in_flight,
    measured,
    messages_in,
    nothing_is_left_over,
    on_broker,
    on_queue,
    prompts,
)
from tests.e2e.client import Client
from tests.e2e.programs import GatewayProcess, WorkerProcess, until
from tests.e2e.stage import Stage, client_of
from tests.services.stack import Services

AMQP_READER = "Cancelling cause reader exited abnormally"
"""What the AMQP library says of a broken connection, with a traceback, in a warning of its own."""


class Mortal(Protocol):
    def kill(self) -> None: ...
    def start(self) -> None: ...


@contextmanager
def dead(server: Mortal) -> Iterator[None]:
    """`kill -9` for the length of the block."""
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def running(stage: Stage, **variables: str) -> Iterator[tuple[Client, GatewayProcess, WorkerProcess]]:
    gateway, worker = stage.gateway().launch(), stage.worker(**variables).start()
    until(gateway.is_ready)
    with client_of(gateway) as client:
        yield client, gateway, worker


def test_the_database_may_die_in_the_middle_of_work(stage: Stage, mortal: Services) -> None:
    stage.config("slow", "demo?latency=2")
    with running(stage) as (client, _, _worker):
        client.result_of("everything is connected", config_name="demo")
        jobs = client.submit_all(prompts(100), config_name="slow")
        until(lambda: in_flight(stage) == 100, what="100 jobs in flight")
        with dead(mortal.postgres):
            for _ in range(3):
                refused = client.http.post("/v1/jobs", json={"prompt": "refused", "config_name": "demo"})
                assert refused.status_code == 503, refused.text
                assert int(refused.headers["retry-after"]) >= 1
                assert refused.json()["code"] == "database_unavailable"
            assert client.http.get("/health").status_code == 503
            assert client.http.get("/readyz").status_code == 503
            assert client.http.get("/livez").status_code == 200
        back = time.monotonic()
        all_end_well(client, jobs, retries=[0, 1])
        measured("database back to the last of 100 jobs that were in flight", back)
        assert client.result_of("as if nothing had been", config_name="demo")["status"] == "COMPLETED"
        assert all(job["prompt"] != "refused" for job in client.jobs())


def test_the_cache_may_be_away(stage: Stage, mortal: Services) -> None:
    with running(stage) as (client, _, _worker):
        client.result_of("everything is connected", config_name="demo")
        with dead(mortal.redis):
            until(lambda: health(client)["status"] == "degraded")
            assert health(client)["checks"]["cache"] == "unreachable"
            jobs = client.submit_all(prompts(50), config_name="demo")
            all_end_well(client, jobs)
        until(lambda: health(client)["status"] == "healthy")


@pytest.mark.parametrize("loss", ["purged", "deleted"])
def test_a_queue_may_lose_everything_under_its_jobs(stage: Stage, loss: str) -> None:
    gateway = stage.gateway().start()
    with client_of(gateway) as client:
        jobs = client.submit_all(prompts(120), config_name="demo")
        until(lambda: messages_in(stage, QUEUE) == 120, what="120 wake-ups")
        on_broker(stage, purge if loss == "purged" else delete)
        stage.worker().start()
        began = time.monotonic()
        all_end_well(client, jobs)
        measured(f"120 jobs whose queue was {loss}, by the poll alone", began)
        one_more = client.result_of("and it goes on", config_name="demo")
        assert one_more["status"] == "COMPLETED"
    nothing_is_left_over(stage, jobs | {one_more["job_id"]: "and it goes on"})


def test_a_queue_may_be_deleted_under_its_consumer(stage: Stage) -> None:
    with running(stage) as (client, _, _worker):
        client.result_of("the queue is there", config_name="demo")
        on_broker(stage, delete)
        jobs = client.submit_all(prompts(50), config_name="demo")
        all_end_well(client, jobs)
        until(lambda: on_queue(stage, QUEUE).consumer_count == 1, what="the consumer again")


def test_a_message_that_is_not_ours_blocks_nobody(stage: Stage) -> None:
    with running(stage) as (client, _, _worker):
        client.result_of("the queue is there", config_name="demo")
        on_broker(stage, poison)
        jobs = client.submit_all(prompts(50), config_name="demo")
        all_end_well(client, jobs)
        until(lambda: len(dead_letters(client)) == 3, what="the dead letters")
        until(lambda: consumed(stage), what="an empty queue")


def test_the_broker_may_die_in_the_middle_of_work(stage: Stage, mortal: Services) -> None:
    stage.forgiven = (AMQP_READER,)
    stage.config("slow", "demo?latency=0.5")
    with running(stage, LLM_WORKER_CONCURRENCY="20") as (client, _, worker):
        client.result_of("the queues are declared", config_name="demo")
        mortal.rabbitmq.settle()
        jobs = client.submit_all(prompts(200, "before"), config_name="slow")
        until(lambda: count(stage, "COMPLETED") > 20, what="work")
        with dead(mortal.rabbitmq):
            until(lambda: any(line["event"] == "queue_unreachable" for line in worker.lines()))
            assert health(client)["checks"] == {"database": "ok", "queue": "unreachable", "cache": "ok"}
            jobs |= client.submit_all(prompts(50, "meanwhile"), config_name="slow")
        jobs |= client.submit_all(prompts(50, "after"), config_name="slow")
        back = time.monotonic()
        all_end_well(client, jobs)
        measured("broker back to the last of 300 jobs", back)
        until(lambda: health(client)["status"] == "healthy")
        until(lambda: messages_in(stage, QUEUE) == 0, what="an empty queue")


def test_accepts_go_on_while_the_broker_is_away(stage: Stage, mortal: Services) -> None:
    """A hundred a second for five seconds."""
    stage.forgiven = (AMQP_READER,)
    with running(stage) as (client, _, worker):
        client.result_of("the queues are declared", config_name="demo")
        mortal.rabbitmq.settle()
        with dead(mortal.rabbitmq):
            jobs, slowest = submit_evenly(client, prompts(500, "away"), per_second=100)
            worker_log = worker.lines()
        assert any(line["event"] == "queue_unreachable" for line in worker_log)
        back = time.monotonic()
        all_end_well(client, jobs)
        measured("broker back to the last of 500 jobs accepted without it", back)
        measured("slowest accept while the broker was away", time.monotonic() - slowest)
        assert len(jobs) == 500


def health(client: Client) -> dict[str, Any]:
    shown: dict[str, Any] = client.http.get("/health").json()
    return shown


def dead_letters(client: Client) -> list[dict[str, object]]:
    letters: list[dict[str, object]] = client.http.get("/v1/ops/dead-letters", params={"queue": QUEUE}).json()["items"]
    return letters


def submit_evenly(client: Client, wanted: list[str], *, per_second: int) -> tuple[dict[str, str], float]:
    """The prompts by the ids of their jobs, and the slowest answer in seconds."""
    began = time.monotonic()
    slowest = 0.0

    def submit(number: int) -> str:
        nonlocal slowest
        due = began + number / per_second
        time.sleep(max(0.0, due - time.monotonic()))
        job_id = client.submit(wanted[number], config_name="demo")
        slowest = max(slowest, time.monotonic() - due)
        return job_id

    with ThreadPoolExecutor(32) as threads:
        ids = list(threads.map(submit, range(len(wanted))))
    return dict(zip(ids, wanted, strict=True)), slowest


async def purge(channel: AbstractChannel) -> None:
    await (await channel.get_queue(QUEUE, ensure=False)).purge()


async def delete(channel: AbstractChannel) -> None:
    await channel.queue_delete(QUEUE)


async def poison(channel: AbstractChannel) -> None:
    """Bytes that are no JSON, JSON that is no message, a message without an id of ours; and one of an unknown type."""
    broken = (b"\xff\x00 no JSON", b"[1, 2]")
    messages = [aio_pika.Message(content, message_id=str(uuid.uuid4()), type="jobs.run") for content in broken]
    messages.append(aio_pika.Message(b"{}", message_id="no UUID", type="jobs.run"))
    messages.append(aio_pika.Message(b'{"who": "knows"}', message_id=str(uuid.uuid4()), type="nobody.knows.v9"))
    for message in messages:
        await channel.default_exchange.publish(message, routing_key=QUEUE)


def consumed(stage: Stage) -> bool:
    """Nothing is ready, and nothing is in anybody's hand: what a worker leaves comes back to the queue."""
    for program in stage.programs:
        if isinstance(program, WorkerProcess) and program.running:
            program.stop()
    return messages_in(stage, QUEUE) == 0
