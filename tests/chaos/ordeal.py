"""What every crash test asks at its end: each accepted job has one right answer, and none is lost."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, TypeVar

import aio_pika
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelNotFoundEntity
from pamqp.commands import Queue

from tests.e2e.client import Client, Job
from tests.e2e.stage import Stage
from tests.measured import MEASURED
from tests.services.postgres import outside_the_loop

QUEUE: Final = "ai_tasks"

ResultT = TypeVar("ResultT")


def prompts(number: int, about: str = "job") -> list[str]:
    return [f"{about} number {one} of {number}" for one in range(number)]


def all_end_well(
    client: Client, jobs: Mapping[str, str], *, prefix: str = "[demo]", retries: Iterable[int] = (0,)
) -> dict[str, Job]:
    """Waits for `jobs` (prompts by ids); `retries` are the counts that the ordeal may have cost a job."""
    ended = client.wait_terminal(jobs)
    allowed = set(retries)
    for job_id, prompt in jobs.items():
        job = ended[job_id]
        assert (job["status"], job["result"], job["error"]) == ("COMPLETED", f"{prefix} {prompt}", None), job
        assert job["retry_count"] in allowed, job
        assert job["retry_count"] <= job["max_retries"]
        assert job["next_retry_at"] is None
    return ended


def in_flight(stage: Stage) -> int:
    return count(stage, "PROCESSING")


def count(stage: Stage, status: str) -> int:
    return int(stage.sql("SELECT count(*) FROM jobs WHERE status = $1", status)[0][0])


def nothing_is_left_over(stage: Stage, jobs: Mapping[str, str]) -> None:
    """No job more than was asked for, and each had exactly one end told to the world."""
    assert {str(row[0]) for row in stage.sql("SELECT id FROM jobs")} == set(jobs)


def measured(what: str, since: float) -> float:
    """Seconds since a moment of `time.monotonic`, told at the end of the run."""
    seconds = time.monotonic() - since
    MEASURED.append(f"{what}: {seconds:.2f} s")
    return seconds


def on_broker(stage: Stage, work: Callable[[AbstractChannel], Awaitable[ResultT]]) -> ResultT:
    """Something that an operator does with the broker by hand."""

    async def connected() -> ResultT:
        async with await aio_pika.connect(stage.variables["RABBITMQ_URL"]) as connection:
            return await work(await connection.channel())

    return outside_the_loop(connected())


def messages_in(stage: Stage, queue: str) -> int:
    return on_queue(stage, queue).message_count or 0


def on_queue(stage: Stage, queue: str) -> Queue.DeclareOk:
    """Its counts of messages and consumers; of a queue that is not there, none."""

    async def ask(channel: AbstractChannel) -> Queue.DeclareOk:
        try:
            return (await channel.declare_queue(queue, passive=True)).declaration_result
        except ChannelNotFoundEntity:
            return Queue.DeclareOk(queue=queue, message_count=0, consumer_count=0)

    return on_broker(stage, ask)
