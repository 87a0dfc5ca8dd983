"""What each way to fail on a provider's wire leads to: another call, another config, or the job's next attempt."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from ai_platform.llm.application.ports import Answered
from ai_platform.llm.application.resilient import ResilientModels
from ai_platform.llm.application.time_limit import TimeLimitedModels
from ai_platform.llm.application.turnstile import Turnstile
from ai_platform.llm.domain.breaker import BreakerRules, BreakerState
from ai_platform.llm.domain.calls import Call, Message
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.failures import ModelCallFailed
from ai_platform.llm.domain.retrying import RetryPolicy
from ai_platform.llm.domain.validation import ResponseRules
from ai_platform.llm.infrastructure.gate_local import LocalGate
from ai_platform.llm.infrastructure.langchain_provider import LangChainModels
from tests.twins.llm_server import LlmTwin
from tests.unit.llm.fakes import FakeCatalogue, a_config

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("provider", ["openai", "anthropic"]),
]
as_text_and_stream = pytest.mark.parametrize("stream", [False, True], ids=["text", "stream"])

_KEYS = {"OPENAI_API_KEY": "sk-good", "ANTHROPIC_API_KEY": "sk-good", "WRONG_KEY": "sk-wrong"}
_RETRIES = 2


class Line:
    """One way to the twin with a gate and a catalogue of its own."""

    def __init__(self, langchain: LangChainModels, twin: LlmTwin) -> None:
        self.gate = LocalGate(BreakerRules(failure_threshold=_RETRIES + 1))
        self.catalogue = FakeCatalogue()
        self.twin = twin
        self.clock = asyncio.get_running_loop().time
        self.models = ResilientModels(
            catalogue=self.catalogue,
            models=TimeLimitedModels(langchain, 60),
            turnstile=Turnstile(self.gate, self.clock, random.random),
            policy=RetryPolicy(max_retries=_RETRIES, initial_delay=0.01),
            clock=self.clock,
            chance=random.random,
        )

    async def answer(self, config: LLMConfig, *, stream: bool) -> tuple[Answered, int]:
        """The answer, and how many requests it took."""
        before = self.twin.calls()["count"]
        said = (Message("user", f"hello {uuid4()}"),)
        answered = await self.models.answer(config, said, Call(stream=stream))
        return answered, self.twin.calls()["count"] - before

    async def failure(self, config: LLMConfig, *, stream: bool) -> tuple[ModelCallFailed, int]:
        before = self.twin.calls()["count"]
        with pytest.raises(ModelCallFailed) as failed:
            await self.answer(config, stream=stream)
        return failed.value, self.twin.calls()["count"] - before

    def state(self) -> BreakerState:
        return self.gate.seen(["smart"])[0].state


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def langchain(twin: LlmTwin) -> AsyncIterator[LangChainModels]:
    base_urls = {provider: twin.base_url(provider) for provider in ("openai", "anthropic")}
    langchain = LangChainModels(environment=_KEYS, base_urls=base_urls, default_timeout=60)
    yield langchain
    await langchain.close()


@pytest_asyncio.fixture(loop_scope="module")
async def line(langchain: LangChainModels, twin: LlmTwin) -> Line:
    return Line(langchain, twin)


@as_text_and_stream
@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
async def test_a_failure_in_passing_is_called_again_and_answers(
    line: Line, provider: str, stream: bool, status: int
) -> None:
    answered, calls = await line.answer(a_config(provider=provider, model_name=f"flaky-2-{status}"), stream=stream)

    assert answered.answer.text.startswith("echo: ")
    assert calls == 3


@as_text_and_stream
@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("hang", "llm_timeout"),
        ("overloaded", "llm_overloaded"),
        ("status-500", "llm_server_error"),
        ("garbage", "llm_malformed_response"),
        ("garbage-json", "llm_malformed_response"),
        ("garbage-shape", "llm_malformed_response"),
    ],
)
async def test_what_the_provider_does_wrong_is_called_again_and_opens_the_breaker(
    line: Line, provider: str, stream: bool, model: str, code: str
) -> None:
    config = a_config(provider=provider, model_name=model, timeout_seconds=0.5 if model == "hang" else None)

    failure, calls = await line.failure(config, stream=stream)

    assert (failure.stable_code, failure.retryable, calls) == (code, True, _RETRIES + 1)
    assert line.state() is BreakerState.OPEN


@pytest.mark.parametrize(
    ("model", "stream", "codes"),
    [
        ("cut", False, {"llm_connection_failed"}),
        ("cut", True, {"llm_stream_cut"}),
        ("stream-cut", True, {"llm_stream_cut"}),
        ("stream-error", True, {"llm_server_error", "llm_overloaded"}),
    ],
)
async def test_an_answer_that_breaks_off_is_called_again_and_opens_the_breaker(
    line: Line, provider: str, model: str, stream: bool, codes: set[str]
) -> None:
    failure, calls = await line.failure(a_config(provider=provider, model_name=model), stream=stream)

    assert failure.stable_code in codes
    assert calls == _RETRIES + 1
    assert line.state() is BreakerState.OPEN


@as_text_and_stream
@pytest.mark.parametrize("model", ["status-400", "auth", "status-402", "status-403", "not-found", "too-long", "quota"])
async def test_what_will_not_pass_is_called_once_and_leaves_the_breaker_alone(
    line: Line, provider: str, stream: bool, model: str
) -> None:
    failure, calls = await line.failure(a_config(provider=provider, model_name=model), stream=stream)

    assert (failure.retryable, calls) == (False, 1)
    assert line.gate.seen(["smart"])[0].failures == 0


@as_text_and_stream
@pytest.mark.parametrize("model", ["auth", "not-found", "too-long", "quota", "overloaded", "rate-limited-60"])
async def test_a_fallback_answers_instead(line: Line, provider: str, stream: bool, model: str) -> None:
    other = {"openai": "anthropic", "anthropic": "openai"}[provider]
    line.catalogue.put(a_config(name="second", provider=other))

    answered, _ = await line.answer(a_config(provider=provider, model_name=model, fallbacks=("second",)), stream=stream)

    assert (answered.config.name, answered.config.provider) == ("second", other)


@as_text_and_stream
@pytest.mark.parametrize(
    ("model", "least", "most"), [("rate-limited-30", 30.0, 34.0), ("rate-limited-date-30", 27.0, 34.0)]
)
async def test_a_long_wish_to_wait_is_handed_to_the_job_and_holds_everybody_back(
    line: Line, provider: str, stream: bool, model: str, least: float, most: float
) -> None:
    config = a_config(provider=provider, model_name=model)
    first, calls = await line.failure(config, stream=stream)
    second, later_calls = await line.failure(config, stream=stream)

    assert (first.stable_code, calls) == ("llm_rate_limited", 1)
    assert first.retry_after is not None
    assert least <= first.retry_after <= most
    assert (second.stable_code, second.untried, later_calls) == ("llm_limit_reached", True, 0)


@as_text_and_stream
async def test_a_short_wish_to_wait_is_waited_out_here(line: Line, provider: str, stream: bool) -> None:
    began = line.clock()

    failure, calls = await line.failure(a_config(provider=provider, model_name="rate-limited-ms-150"), stream=stream)

    assert (failure.stable_code, calls) == ("llm_rate_limited", _RETRIES + 1)
    assert line.clock() - began >= _RETRIES * 0.15
    assert line.state() is BreakerState.CLOSED


@as_text_and_stream
@pytest.mark.parametrize(
    ("model", "rules", "code", "calls"),
    [
        ("empty", {}, "llm_empty_response", _RETRIES + 1),
        ("empty", {"on_empty": "fallback"}, "llm_empty_response", 1),
        ("truncated", {"on_truncated": "retry"}, "llm_response_truncated", _RETRIES + 1),
        ("refusal", {}, "llm_content_refused", 1),
        ("refusal", {"on_refusal": "retry"}, "llm_response_refused", _RETRIES + 1),
    ],
)
async def test_an_answer_of_no_use_is_treated_as_its_config_says(
    line: Line, provider: str, stream: bool, model: str, rules: dict[str, Any], code: str, calls: int
) -> None:
    config = a_config(provider=provider, model_name=model, validation=ResponseRules(**rules))

    failure, made = await line.failure(config, stream=stream)

    assert (failure.stable_code, made) == (code, calls)


@as_text_and_stream
@pytest.mark.parametrize(("model", "rules"), [("truncated", {}), ("empty", {"on_empty": "accept"})])
async def test_an_accepted_answer_is_returned_as_it_is(
    line: Line, provider: str, stream: bool, model: str, rules: dict[str, Any]
) -> None:
    config = a_config(provider=provider, model_name=model, validation=ResponseRules(**rules))

    _, calls = await line.answer(config, stream=stream)

    assert calls == 1


async def test_nobody_at_the_address_is_called_again(line: Line, provider: str) -> None:
    failure, _ = await line.failure(a_config(provider=provider, base_url="http://127.0.0.1:1/v1"), stream=False)

    assert failure.stable_code == "llm_connection_failed"
    assert line.state() is BreakerState.OPEN
