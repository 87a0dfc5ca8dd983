"""kill -9, SIGSTOP and SIGTERM of our own processes in the middle of work."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.chaos.ordeal import all_end_well, count, in_flight, measured, nothing_is_left_over, prompts
from tests.e2e.client import Client
from tests.e2e.programs import GatewayProcess, until
from tests.e2e.stage import Stage, add_config, client_of, run_sql

MODEL_TIME = 6.0
"""Seconds; longer than a slow machine needs to hand in all that shall be in flight together."""


def test_what_a_killed_worker_had_in_hand_is_done_by_its_successor(stage: Stage) -> None:
    stage.config("slow", f"demo?latency={MODEL_TIME}")
    gateway, worker = stage.gateway().start(), stage.worker().start()
    with client_of(gateway) as client:
        jobs = client.submit_all(prompts(200), config_name="slow")
        until(lambda: in_flight(stage) == 200, what="200 jobs in flight")
        worker.kill()
        killed = time.monotonic()
        worker.start()
        restarted = time.monotonic()
        all_end_well(client, jobs, retries=[1])
        measured(f"kill -9 of a worker with 200 jobs in flight to the last result, model {MODEL_TIME:g} s", killed)
        took = measured("… and since its successor was up", restarted)
    assert took <= MODEL_TIME + 5 + 15, "beyond the model's time: what is left of a lease, a sweep, and a busy machine"
    nothing_is_left_over(stage, jobs)


def test_what_a_killed_worker_asked_a_provider_is_asked_again(stage: Stage) -> None:
    stage.config("slow", "slow-2", provider="openai")
    gateway, worker = stage.gateway().start(), stage.worker().start()
    with client_of(gateway) as client:
        jobs = client.submit_all(prompts(40), config_name="slow")
        until(lambda: in_flight(stage) == 40, what="40 jobs in flight")
        worker.kill()
        worker.start()
        all_end_well(client, jobs, prefix="echo:", retries=[0, 1])
    nothing_is_left_over(stage, jobs)


def test_what_a_killed_gateway_had_answered_is_worked_off(stage: Stage) -> None:
    gateway = stage.gateway().start()
    stage.worker().start()
    accepted: dict[str, str] = {}
    stop = threading.Event()

    def submit_until_told(worker: int) -> None:
        with client_of(gateway) as client:
            number = 0
            while not stop.is_set():
                prompt = f"burst {worker}, job {number}"
                try:
                    accepted[client.submit(prompt, config_name="demo")] = prompt
                    number += 1
                except httpx.TransportError:
                    time.sleep(0.02)

    with ThreadPoolExecutor(8) as threads:
        senders = [threads.submit(submit_until_told, worker) for worker in range(8)]
        for _ in range(2):
            until(lambda before: len(accepted) > before + 150, len(accepted), what="accepts")
            gateway.kill()
            gateway.start()
        stop.set()
        for sender in senders:
            sender.result()
    with client_of(gateway) as client:
        all_end_well(client, accepted)
        everything = {job["job_id"]: job["prompt"] for job in client.jobs()}
        all_end_well(client, everything)  # also what was written and could not be answered any more
    assert accepted.items() <= everything.items()
    assert len(everything) - len(accepted) <= 2 * 8


def test_a_frozen_worker_that_wakes_up_overwrites_nothing(stage: Stage) -> None:
    """Its successor answers in one word, so that the two results can be told apart."""
    stage.config("slow", "demo?latency=3")
    gateway, zombie = stage.gateway().start(), stage.worker().start()
    with client_of(gateway) as client:
        jobs = client.submit_all(prompts(20), config_name="slow")
        until(lambda: in_flight(stage) == 20, what="20 jobs in flight")
        zombie.freeze()
        stage.sql(
            "UPDATE llm_configs SET model_name = 'demo', max_tokens = 1, version = version + 1 WHERE name = 'slow'"
        )
        successor = stage.worker().start()
        ended = client.wait_terminal(jobs)
        assert {job["result"] for job in ended.values()} == {"[demo]"}
        assert {job["retry_count"] for job in ended.values()} == {1}
        zombie.thaw()
        zombie.stop()
        assert client.wait_terminal(jobs) == ended
        successor.stop()


def test_a_worker_that_is_asked_to_stop_hands_back_without_spending_an_attempt(stage: Stage) -> None:
    stage.config("slow", "demo?latency=60")
    gateway = stage.gateway().start()
    worker = stage.worker(SHUTDOWN_GRACE_SECONDS="4").start()
    with client_of(gateway) as client:
        jobs = client.submit_all(prompts(50), config_name="slow", max_retries=0)
        until(lambda: in_flight(stage) == 50, what="50 jobs in flight")
        began = time.monotonic()
        worker.stop()
        assert measured("SIGTERM of a worker with 50 jobs in flight, grace 4 s", began) < 6
        assert count(stage, "PROCESSING") == 0
        assert count(stage, "FAILED") == 0
        stage.sql("UPDATE llm_configs SET model_name = 'demo', version = version + 1 WHERE name = 'slow'")
        worker.start()
        all_end_well(client, jobs, retries=[0])


def test_a_worker_that_is_asked_to_stop_finishes_what_it_can(stage: Stage) -> None:
    stage.config("slow", "demo?latency=1")
    gateway, worker = stage.gateway().start(), stage.worker().start()
    with client_of(gateway) as client:
        jobs = client.submit_all(prompts(50), config_name="slow", max_retries=0)
        until(lambda: in_flight(stage) + count(stage, "COMPLETED") == 50, what="all begun")
        worker.stop()
        assert count(stage, "COMPLETED") == 50
        all_end_well(client, jobs)


def test_a_gateway_that_is_asked_to_stop_answers_what_it_has_begun(stage: Stage) -> None:
    gateway = stage.gateway().start()
    stage.worker().start()
    jobs = burst_until_refused(gateway)
    gateway.start()
    with client_of(gateway) as client:
        all_end_well(client, jobs)
        assert {job["job_id"] for job in client.jobs()} == set(jobs)


def burst_until_refused(gateway: GatewayProcess) -> dict[str, str]:
    """Submit until the gateway, asked to stop in the middle, is gone; a request that it did not read may be dropped."""
    accepted: dict[str, str] = {}

    def submit(sender: int) -> None:
        with client_of(gateway) as client:
            for number in range(100_000):
                prompt = f"last {sender}, job {number}"
                try:
                    accepted[client.submit(prompt, config_name="demo")] = prompt
                except httpx.TransportError:
                    return

    with ThreadPoolExecutor(4) as threads:
        senders = [threads.submit(submit, sender) for sender in range(4)]
        until(lambda: len(accepted) > 50, what="accepts")
        gateway.stop()
        for sender in senders:
            sender.result()
    return accepted


def test_a_killed_dev_has_all_its_jobs_again(dev_stage: Stage) -> None:
    dev = dev_stage.dev().start()
    add_config(dev.database_url, "slow", f"demo?latency={MODEL_TIME}")
    with Client(dev.ready["url"]) as client:
        jobs = client.submit_all(prompts(300), config_name="slow")
    processing = "SELECT count(*) FROM jobs WHERE status = 'PROCESSING'"
    until(lambda: run_sql(dev.database_url, processing)[0][0] == 300, what="300 jobs in flight")
    dev.kill()
    killed = time.monotonic()
    dev.start()
    measured("kill -9 of dev with 300 jobs in flight to its next ready line", killed)
    with Client(dev.ready["url"]) as client:
        all_end_well(client, jobs, retries=[1])
        measured(f"… and to the last result, model {MODEL_TIME:g} s", killed)
        assert len(client.jobs()) == 300
    dev.stop()
