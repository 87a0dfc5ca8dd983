"""A provider in a storm: a third of its calls refused, some broken, some hanging, while workers and Redis die."""

import time
from collections.abc import Iterator

import pytest

from tests.chaos import storm_report as report
from tests.chaos.ordeal import count, nothing_is_left_over, prompts
from tests.chaos.storm_log import Life
from tests.e2e.client import Job
from tests.e2e.programs import until
from tests.e2e.stage import Stage, client_of
from tests.services.stack import Services
from tests.twins.llm_records import Record
from tests.twins.llm_server import LlmTwin, llm_server_process

JOBS = 500
WITHIN = 240.0

PATIENT = {
    "LOG_LEVEL": "DEBUG",
    "LLM_WORKER_CONCURRENCY": "50",
    "LLM_RETRY_INITIAL_DELAY": "0.2",
    "LLM_RETRY_MAX_DELAY": "2",
    "CIRCUIT_BREAKER_TIMEOUT_SECONDS": "2",
    "JOB_RETRY_DELAY_MAX": "5",
}


@pytest.fixture
def twin() -> Iterator[LlmTwin]:
    """In a process of its own, so that its clock is not held up by ours."""
    with llm_server_process() as twin:
        yield twin


@pytest.mark.timeout(WITHIN + 60)
def test_every_job_survives_the_storm_and_the_provider_is_left_in_peace(
    stage: Stage, mortal: Services, twin: LlmTwin
) -> None:
    stage.config("storm", "storm-30-10-5", provider="openai", timeout_seconds=2.5)
    gateway = stage.gateway().start()
    first, second = (stage.worker(**PATIENT).start() for _ in range(2))
    with client_of(gateway) as client:
        began = time.monotonic()
        jobs = client.submit_all(prompts(JOBS, "storm"), config_name="storm", max_retries=10)
        until(lambda: count(stage, "COMPLETED") >= JOBS // 5, within=WITHIN / 2, what="the storm under way")
        first.kill()
        cut_short = Life.of(first.lines(), killed=True)
        first.start()
        until(lambda: count(stage, "COMPLETED") >= JOBS // 2, within=WITHIN / 2, what="the middle of the storm")
        redis_died = time.time()
        mortal.redis.kill()
        mortal.redis.start()
        ended = client.wait_terminal(jobs, within=WITHIN)
        seconds = time.monotonic() - began
    records = twin.journal()
    summed_up(stage, records, ended, seconds)
    assert {job_id: (job["status"], job["result"]) for job_id, job in ended.items()} == {
        job_id: ("COMPLETED", f"echo: {prompt}") for job_id, prompt in jobs.items()
    }
    nothing_is_left_over(stage, jobs)
    assert report.calls_made_twice_at_once(records) == []
    lives = [cut_short, Life.of(first.lines()), Life.of(second.lines())]
    requests = requests_of(stage)
    assert report.calls_past_the_gate(records, lives, requests) == []
    assert report.wishes_unheard(records, lives, requests) == []
    assert report.wishes_kept_to_oneself(lives) == []
    assert report.calls_in_spite_of_what_was_heard(lives) == []
    assert report.calls_in_spite_of_what_was_shared(lives, forgotten=[redis_died]) == []


def requests_of(stage: Stage) -> dict[str, str]:
    """The id of the request that each prompt came with, which is in every line that its worker logs of it."""
    return {row[0]: row[1] for row in stage.sql("SELECT prompt, trace ->> 'x-request-id' FROM jobs")}


def summed_up(stage: Stage, records: list[Record], ended: dict[str, Job], seconds: float) -> None:
    claims = int(stage.sql("SELECT sum(attempt) FROM jobs")[0][0])
    retries = sum(job["retry_count"] for job in ended.values())
    rows = report.figures(records, jobs=len(ended), retries=retries, claims=claims, seconds=seconds)
    report.tell(f"{len(ended)} jobs through a storm of 30 % 429, 10 % 500, 5 % hangs", rows)
