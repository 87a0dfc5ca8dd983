"""Both providers on the wire, as text and as a stream: what is sent, what comes back, and each way to fail."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ai_platform.llm.application.time_limit import TimeLimitedModels
from ai_platform.llm.domain.calls import Answer, Call, Ending, Message, Tokens
from ai_platform.llm.domain.failures import ModelCallFailed
from ai_platform.llm.infrastructure.langchain_provider import LangChainModels
from tests.twins.llm_server import LlmTwin
from tests.unit.llm.fakes import a_config

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("provider", ["openai", "anthropic"]),
]
as_text_and_stream = pytest.mark.parametrize("stream", [False, True], ids=["text", "stream"])

_KEYS = {"OPENAI_API_KEY": "sk-good", "ANTHROPIC_API_KEY": "sk-good", "WRONG_KEY": "sk-wrong"}
_SAID = (Message("system", "Be kind."), Message("user", "hello world, how are you"))
_ECHO = "echo: hello world, how are you"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(twin: LlmTwin) -> AsyncIterator[TimeLimitedModels]:
    base_urls = {provider: twin.base_url(provider) for provider in ("openai", "anthropic")}
    langchain = LangChainModels(environment=_KEYS, base_urls=base_urls, default_timeout=20)
    yield TimeLimitedModels(langchain, 20)
    await langchain.close()


async def the_failure(models: TimeLimitedModels, provider: str, *, stream: bool, **config: Any) -> ModelCallFailed:
    with pytest.raises(ModelCallFailed) as failed:
        await models.answer(a_config(provider=provider, **config), _SAID, Call(stream=stream))
    return failed.value


@as_text_and_stream
async def test_an_answer_comes_with_its_tokens(models: TimeLimitedModels, provider: str, stream: bool) -> None:
    answer = await models.answer(a_config(provider=provider), _SAID, Call(stream=stream))

    assert answer == Answer(_ECHO, Tokens(input=7, output=6))


@as_text_and_stream
async def test_the_conversation_is_sent_as_it_is(
    models: TimeLimitedModels, twin: LlmTwin, provider: str, stream: bool
) -> None:
    said = (
        Message("system", "Be kind."),
        Message("user", "Hi"),
        Message("assistant", "Hello!"),
        Message("user", "  {as} it is 😀\n"),
    )

    await models.answer(a_config(provider=provider, temperature=0.2, max_tokens=77), said, Call(stream=stream))

    body = twin.calls()["calls"][-1]["body"]
    assert body["messages"][-1]["content"] == "  {as} it is 😀\n"
    assert [message["role"] for message in body["messages"]][-3:] == ["user", "assistant", "user"]
    assert body.get("system") == "Be kind." if provider == "anthropic" else body["messages"][0]["content"] == "Be kind."
    assert body["temperature"] == 0.2
    assert body.get("max_tokens", body.get("max_completion_tokens")) == 77
    assert body.get("stream", False) is stream


@as_text_and_stream
@pytest.mark.parametrize(
    ("model", "ending", "text"), [("truncated", Ending.TRUNCATED, _ECHO), ("refusal", Ending.REFUSED, "")]
)
async def test_why_the_model_stopped_is_told(
    models: TimeLimitedModels, provider: str, stream: bool, model: str, ending: Ending, text: str
) -> None:
    answer = await models.answer(a_config(provider=provider, model_name=model), _SAID, Call(stream=stream))

    assert (answer.text, answer.ending) == (text, ending)


@as_text_and_stream
@pytest.mark.parametrize(
    ("model", "code", "retryable"),
    [
        ("status-400", "llm_bad_request", False),
        ("auth", "llm_auth_failed", False),
        ("status-402", "llm_spend_limit", False),
        ("status-403", "llm_permission_denied", False),
        ("not-found", "llm_model_not_found", False),
        ("status-408", "llm_timeout", True),
        ("status-409", "llm_server_error", True),
        ("status-413", "llm_context_too_long", False),
        ("too-long", "llm_context_too_long", False),
        ("quota", "llm_spend_limit", False),
        ("status-429", "llm_rate_limited", True),
        ("status-500", "llm_server_error", True),
        ("status-502", "llm_server_error", True),
        ("overloaded", "llm_overloaded", True),
        ("status-504", "llm_timeout", True),
        ("garbage", "llm_malformed_response", True),
        ("garbage-json", "llm_malformed_response", True),
        ("garbage-shape", "llm_malformed_response", True),
    ],
)
async def test_each_bad_answer_has_its_class(
    models: TimeLimitedModels, provider: str, stream: bool, model: str, code: str, retryable: bool
) -> None:
    failure = await the_failure(models, provider, stream=stream, model_name=model)

    assert (failure.stable_code, failure.retryable) == (code, retryable)


@as_text_and_stream
@pytest.mark.parametrize(
    ("model", "least", "most"),
    [
        ("rate-limited-3", 3.0, 3.0),
        ("rate-limited-ms-250", 0.25, 0.25),
        ("rate-limited-date-30", 28.0, 30.0),
    ],
)
async def test_the_wish_to_wait_is_read_in_each_form(
    models: TimeLimitedModels, provider: str, stream: bool, model: str, least: float, most: float
) -> None:
    failure = await the_failure(models, provider, stream=stream, model_name=model)

    assert failure.retry_after is not None
    assert least <= failure.retry_after <= most


@as_text_and_stream
async def test_a_provider_that_hangs_has_timed_out(models: TimeLimitedModels, provider: str, stream: bool) -> None:
    failure = await the_failure(models, provider, stream=stream, model_name="hang", timeout_seconds=0.3)

    assert failure.stable_code == "llm_timeout"


@pytest.mark.parametrize(("stream", "code"), [(False, "llm_connection_failed"), (True, "llm_stream_cut")])
async def test_a_connection_that_breaks_midway_is_a_failed_call(
    models: TimeLimitedModels, provider: str, stream: bool, code: str
) -> None:
    failure = await the_failure(models, provider, stream=stream, model_name="cut")

    assert (failure.stable_code, failure.retryable) == (code, True)


async def test_nobody_at_the_address_is_a_failed_connection(models: TimeLimitedModels, provider: str) -> None:
    failure = await the_failure(models, provider, stream=False, base_url="http://127.0.0.1:1/v1")

    assert failure.stable_code == "llm_connection_failed"


async def test_a_stream_without_its_last_word_is_cut(models: TimeLimitedModels, provider: str) -> None:
    failure = await the_failure(models, provider, stream=True, model_name="stream-cut")

    assert (failure.stable_code, failure.retryable) == ("llm_stream_cut", True)


async def test_an_error_inside_a_stream_keeps_the_class_that_the_provider_gives_it(
    models: TimeLimitedModels, provider: str
) -> None:
    failure = await the_failure(models, provider, stream=True, model_name="stream-error")

    assert failure.stable_code == {"openai": "llm_server_error", "anthropic": "llm_overloaded"}[provider]


@as_text_and_stream
async def test_one_call_is_one_request(models: TimeLimitedModels, twin: LlmTwin, provider: str, stream: bool) -> None:
    model = f"flaky-1-503-{provider}"
    before = twin.calls()["count"]

    await the_failure(models, provider, stream=stream, model_name="status-500")
    await models.answer(a_config(provider=provider, model_name=model), _SAID, Call(stream=stream))

    assert twin.calls()["count"] == before + 2


@as_text_and_stream
async def test_a_refused_key_shows_neither_itself_nor_the_providers_words(
    models: TimeLimitedModels, provider: str, stream: bool
) -> None:
    failure = await the_failure(models, provider, stream=stream, api_key_env="WRONG_KEY")

    assert failure.detail == "The provider refused the API key of config 'smart' (401)."
    assert failure.__context__ is None


@as_text_and_stream
async def test_a_model_that_refuses_a_temperature_gets_none(
    models: TimeLimitedModels, twin: LlmTwin, provider: str, stream: bool
) -> None:
    for model in {"openai": ("gpt-6-sol", "o4-mini"), "anthropic": ("claude-opus-5-5", "claude-sonnet-5-5")}[provider]:
        answer = await models.answer(a_config(provider=provider, model_name=model), _SAID, Call(stream=stream))

        assert answer.text == _ECHO
        assert "temperature" not in twin.calls()["calls"][-1]["body"]


@as_text_and_stream
async def test_nothing_is_sent_on_to_where_a_provider_points(
    models: TimeLimitedModels, provider: str, stream: bool
) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65_536))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as elsewhere:
        port = elsewhere.sockets[0].getsockname()[1]
        failure = await the_failure(models, provider, stream=stream, model_name=f"moved-{port}")

    assert heard == []  # neither the key nor the prompt
    assert (failure.stable_code, failure.retryable) == ("llm_model_not_found", False)
