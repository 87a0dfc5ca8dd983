"""Both providers' wires, through HTTP, queue and worker: what answers, what is tried again, and what is given up."""

from datetime import datetime
from itertools import pairwise

import pytest

from tests.e2e.client import Client, Job
from tests.e2e.programs import WorkerProcess, until
from tests.e2e.stage import ANTHROPIC_KEY, CALLS_AN_ATTEMPT, OPENAI_KEY, Stage
from tests.twins.llm_server import LlmTwin

PROVIDERS = ("openai", "anthropic")
MODELS = (
    *("echo", "auth", "rate-limited-1", "rate-limited-ms-300", "rate-limited-6"),
    *("flaky-1-429", "flaky-1-500", "flaky-1-529", "flaky-2-503", "flaky-3-503"),
    *("status-500", "overloaded", "quota", "not-found", "too-long", "hang", "cut", "stream-cut", "stream-error"),
    *("garbage", "garbage-json", "garbage-shape", "empty", "truncated", "refusal"),
)


@pytest.fixture(scope="module", autouse=True)
def _configs(served: Stage, worker: WorkerProcess) -> None:
    for provider in PROVIDERS:
        for model in MODELS:
            served.config(f"{provider}-{model}", model, provider=provider, max_tokens=100)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_carries_its_words_its_agent_and_its_usage(
    client: Client, twin: LlmTwin, provider: str, stream: bool
) -> None:
    prompt = f"  Grüße, 世界 🙂 {{braces}} \n{provider} {stream} "
    job = client.result_of(prompt, config_name=f"{provider}-echo", stream=stream)
    assert (job["status"], job["result"], job["error"]) == ("COMPLETED", f"echo: {prompt}", None)
    assert job["agent_type"] == "main"
    assert job["usage"]["input_tokens"] > 0
    assert job["usage"]["output_tokens"] > 0
    assert job["usage"]["total_tokens"] == job["usage"]["input_tokens"] + job["usage"]["output_tokens"]
    call = next(one for one in twin.calls()["calls"] if prompt in str(one["body"]["messages"][-1]["content"]))
    assert call["wire"] == provider
    assert bool(call["body"].get("stream")) is stream


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("auth", "llm_auth_failed"),
        ("quota", "llm_spend_limit"),
        ("not-found", "llm_model_not_found"),
        ("too-long", "llm_context_too_long"),
        ("refusal", "llm_content_refused"),
    ],
)
def test_what_cannot_get_better_fails_at_once(client: Client, provider: str, model: str, code: str) -> None:
    job = client.result_of(f"{model} of {provider}", config_name=f"{provider}-{model}")
    assert (job["status"], job["error"]["code"], job["error"]["retryable"]) == ("FAILED", code, False)
    assert job["retry_count"] == 0
    assert job["result"] is None
    assert job["next_retry_at"] is None


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("model", "wish"), [("rate-limited-1", 1.0), ("rate-limited-ms-300", 0.3)])
def test_a_short_wish_to_wait_is_waited_out_within_the_attempt(
    client: Client, twin: LlmTwin, provider: str, model: str, wish: float
) -> None:
    prompt = f"a little patience with {model} of {provider}"
    job = client.result_of(prompt, config_name=f"{provider}-{model}", max_retries=0)
    assert (job["status"], job["error"]["code"], job["retry_count"]) == ("FAILED", "llm_rate_limited", 0)
    called = calls_with(twin, prompt)
    assert len(called) == CALLS_AN_ATTEMPT
    assert all(later - earlier >= wish for earlier, later in pairwise(called)), called


def test_a_long_wish_to_wait_frees_the_slot_until_it_is_over(client: Client, twin: LlmTwin) -> None:
    prompts = {f"much patience with {provider}": f"{provider}-rate-limited-6" for provider in PROVIDERS}
    jobs = {client.submit(prompt, config_name=config, max_retries=1): prompt for prompt, config in prompts.items()}
    announced = {}

    def put_off(job_id: str) -> Job | None:
        job = client.job(job_id)
        return job if job["status"] == "RETRYING" else None

    for job_id, prompt in jobs.items():
        job = until(put_off, job_id, what="RETRYING")
        assert (job["error"]["code"], job["retry_count"]) == ("llm_rate_limited", 1)
        (called,) = calls_with(twin, prompt)
        announced[prompt] = datetime.fromisoformat(job["next_retry_at"]).timestamp()
        assert announced[prompt] >= called + 6.0
    for job_id, job in client.wait_terminal(jobs).items():
        assert (job["status"], job["error"]["code"], job["retry_count"]) == ("FAILED", "llm_rate_limited", 1)
        _, again = calls_with(twin, jobs[job_id])
        assert again >= announced[jobs[job_id]]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("model", "calls", "retries"),
    [
        ("flaky-1-429", 2, 0),
        ("flaky-1-500", 2, 0),
        ("flaky-1-529", 2, 0),
        ("flaky-2-503", CALLS_AN_ATTEMPT, 0),
        ("flaky-3-503", CALLS_AN_ATTEMPT + 1, 1),
    ],
)
def test_what_passes_is_tried_again_until_it_is_answered(
    client: Client, twin: LlmTwin, provider: str, model: str, calls: int, retries: int
) -> None:
    """Within the attempt as long as that has calls left, then by the job's next one."""
    prompt = f"{model} of {provider}"
    job = client.result_of(prompt, config_name=f"{provider}-{model}", max_retries=1)
    assert (job["status"], job["result"], job["error"]) == ("COMPLETED", f"echo: {prompt}", None)
    assert (len(calls_with(twin, prompt)), job["retry_count"]) == (calls, retries)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("model", "stream", "code"),
    [
        ("status-500", False, "llm_server_error"),
        ("overloaded", False, "llm_overloaded"),
        ("cut", False, "llm_connection_failed"),
        ("cut", True, "llm_stream_cut"),
        ("stream-cut", True, "llm_stream_cut"),
        ("garbage", False, "llm_malformed_response"),
        ("garbage-json", False, "llm_malformed_response"),
        ("garbage-shape", False, "llm_malformed_response"),
        ("empty", False, "llm_empty_response"),
        ("empty", True, "llm_empty_response"),
    ],
)
def test_what_does_not_pass_is_given_up_after_the_last_retry(
    client: Client, twin: LlmTwin, provider: str, model: str, stream: bool, code: str
) -> None:
    prompt = f"{model} of {provider}, streamed {stream}"
    job = client.result_of(prompt, config_name=f"{provider}-{model}", stream=stream, max_retries=1)
    assert (job["status"], job["error"]["code"], job["error"]["retryable"]) == ("FAILED", code, True)
    assert job["retry_count"] == job["max_retries"] == 1
    assert len(calls_with(twin, prompt)) == 2 * CALLS_AN_ATTEMPT
    assert job["result"] is None


@pytest.mark.parametrize(("provider", "code"), [("openai", "llm_server_error"), ("anthropic", "llm_overloaded")])
def test_an_error_in_the_middle_of_a_stream_is_the_one_it_says(client: Client, provider: str, code: str) -> None:
    job = client.result_of("half an answer", config_name=f"{provider}-stream-error", stream=True, max_retries=0)
    assert (job["status"], job["error"]["code"], job["result"]) == ("FAILED", code, None)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_model_that_hangs_is_bounded_by_the_jobs_timeout(client: Client, provider: str) -> None:
    fields = {"timeout_seconds": 1, "max_retries": 1}
    job = client.result_of("hang", config_name=f"{provider}-hang", **fields)
    assert (job["status"], job["error"]["code"], job["retry_count"]) == ("FAILED", "job_timeout", 1)
    took = datetime.fromisoformat(job["completed_at"]) - datetime.fromisoformat(job["started_at"])
    assert 2.0 <= took.total_seconds() < 6.0


def test_a_truncated_answer_is_an_answer(client: Client) -> None:
    assert client.result_of("short", config_name="openai-truncated")["result"] == "echo: short"


def test_a_key_that_the_worker_lacks_fails_the_job_with_the_name_of_its_variable(client: Client, served: Stage) -> None:
    served.config("asked-without-a-key", "echo", provider="openai", api_key_env="A_KEY_NOBODY_HAS")
    job = client.result_of("hello", config_name="asked-without-a-key")
    assert (job["status"], job["error"]["code"]) == ("FAILED", "llm_key_missing")
    assert "A_KEY_NOBODY_HAS" in job["error"]["message"]
    assert job["retry_count"] == 0


def test_an_unreachable_provider_is_tried_again_and_given_up(client: Client, served: Stage) -> None:
    served.config("nowhere", "echo", provider="openai", base_url="http://127.0.0.1:1/v1")
    job = client.result_of("hello", config_name="nowhere", max_retries=1)
    assert (job["status"], job["error"]["code"]) == ("FAILED", "llm_connection_failed")
    assert job["retry_count"] == 1


def test_no_provider_key_is_in_an_answer_or_a_log(client: Client, served: Stage) -> None:
    shown = str(client.jobs()) + "".join(program.history for program in served.programs)
    assert OPENAI_KEY not in shown
    assert ANTHROPIC_KEY not in shown
    assert "sk-wrong" not in shown


def calls_with(twin: LlmTwin, prompt: str) -> list[float]:
    """When the model was called with this prompt, in seconds since the epoch."""
    calls = twin.calls()["calls"]
    return [one["at"] for one in calls if prompt in str(one["body"]["messages"][-1]["content"])]
