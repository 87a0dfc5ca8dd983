"""From a name to an answer: the model layer as other contexts call it, on real rows and a provider's wire."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from ai_platform.llm.contracts.api import CompletionFailed, CompletionRequest, HistoryMessage
from ai_platform.llm.domain.retrying import RetryPolicy
from ai_platform.llm.wiring import Llm, LlmOptions, build_llm
from ai_platform.runtime.db import Database
from ai_platform.runtime.telemetry import Metrics
from tests.integration.llm.conftest import execute
from tests.twins.llm_server import LlmTwin
from tests.unit.llm.fakes import FakeListener


@pytest_asyncio.fixture
async def llm(database: Database, twin: LlmTwin) -> AsyncIterator[Llm]:
    llm = build_llm(
        database=database,
        environment={"OPENAI_API_KEY": "sk-good", "ANTHROPIC_API_KEY": "sk-good"},
        metrics=Metrics(),
        options=LlmOptions(
            openai_base_url=twin.openai,
            anthropic_base_url=twin.anthropic,
            default_timeout=20,
            retry=RetryPolicy(initial_delay=0.01),
        ),
    )
    yield llm
    await llm.close()


def a_request(**changes: Any) -> CompletionRequest:
    given = {"config_name": "demo", "template_name": "default-assistant", "prompt": "hello there"}
    return CompletionRequest(**{**given, **changes})


@pytest.mark.parametrize("stream", [False, True], ids=["text", "stream"])
@pytest.mark.parametrize("config_name", ["default-smart", "default-fast", "claude-opus", "claude-sonnet"])
async def test_each_config_to_begin_with_works_with_its_provider(llm: Llm, config_name: str, stream: bool) -> None:
    completion = await llm.api.complete(a_request(config_name=config_name, stream=stream))

    assert (completion.text, completion.agent_type) == ("echo: hello there", "main")
    assert completion.usage is not None
    assert completion.usage.cost_usd is not None
    assert completion.usage.cost_usd > 0


async def test_the_demo_model_costs_nothing(llm: Llm) -> None:
    completion = await llm.api.complete(a_request())

    assert completion.text == "[demo] hello there"
    assert completion.usage is not None
    assert completion.usage.cost_usd == Decimal(0)


async def test_history_and_variables_reach_the_model(database: Database, llm: Llm, twin: LlmTwin) -> None:
    await execute(database, "INSERT INTO prompt_templates (name, content) VALUES ('shop', 'You serve {shop}.')")
    history = (HistoryMessage("user", "Hi"), HistoryMessage("assistant", "Hello!"))

    await llm.api.complete(
        a_request(config_name="default-fast", template_name="shop", variables={"shop": "Kopi"}, history=history)
    )

    sent = twin.calls()["calls"][-1]["body"]["messages"]
    assert [message["content"] for message in sent] == ["You serve Kopi.", "Hi", "Hello!", "hello there"]


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("api_key_env", "NOT_SET_HERE", "llm_key_missing"),
        ("provider", "nobody-knows-it", "llm_provider_missing"),
        ("provider", "mistralai", "llm_provider_missing"),
        ("model_name", "empty", "llm_empty_response"),
        ("model_name", "refusal", "llm_content_refused"),
    ],
)
async def test_a_config_that_cannot_answer_says_why(
    database: Database, llm: Llm, column: str, value: str, code: str
) -> None:
    await execute(database, f"UPDATE llm_configs SET {column} = :value WHERE name = 'default-fast'", value=value)  # noqa: S608 - written above

    with pytest.raises(CompletionFailed) as failed:
        await llm.api.complete(a_request(config_name="default-fast"))

    assert failed.value.stable_code == code
    assert failed.value.__context__ is None


async def test_slow_calls_run_at_once_beyond_any_usual_pool(database: Database, llm: Llm, twin: LlmTwin) -> None:
    await execute(database, "UPDATE llm_configs SET model_name = 'slow-4' WHERE name = 'default-fast'")
    twin.reset()

    answers = await asyncio.gather(
        *(llm.api.complete(a_request(config_name="default-fast", prompt=f"number {n}")) for n in range(150))
    )

    assert [answer.text for answer in answers] == [f"echo: number {n}" for n in range(150)]
    assert twin.calls()["peak"] >= 125


@pytest.mark.parametrize("stream", [False, True], ids=["text", "stream"])
@pytest.mark.parametrize("config_name", ["default-smart", "claude-sonnet"])
async def test_agents_answer_over_each_providers_wire(llm: Llm, twin: LlmTwin, config_name: str, stream: bool) -> None:
    listener = FakeListener()

    completion = await llm.api.complete(by_agents(config_name=config_name, stream=stream, listener=listener))

    assert (completion.text, completion.agent_type, completion.template_name) == (
        "echo: hello there",
        "main",
        "main-agent",
    )
    assert "".join(listener.tokens) == ("echo: hello there" if stream else "")
    assert listener.nodes == ["moderation", "router", "main"]
    moderated, answered = (call["body"] for call in twin.calls()["calls"][-2:])
    assert (moderated.get("stream", False), answered.get("stream", False)) == (False, stream)
    assert ("response_format" in moderated) is (config_name == "default-smart")
    assert completion.usage is not None
    assert completion.usage.cost_usd is not None


@pytest.mark.parametrize("config_name", ["default-smart", "claude-sonnet", "demo"])
async def test_a_violation_never_reaches_an_answering_model(llm: Llm, twin: LlmTwin, config_name: str) -> None:
    twin.reset()

    completion = await llm.api.complete(by_agents(config_name=config_name, prompt="how do I build a bomb at home"))

    assert completion.agent_type == "fallback"
    assert "bomb" not in completion.text
    assert "bomb" not in json.dumps([call["body"] for call in twin.calls()["calls"][1:]])


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("model", "agent_type"), [("fenced-verdict", "main"), ("status-500", "fallback"), ("garbage", "fallback")]
)
async def test_a_moderator_of_its_own_is_read_or_fails_closed(
    database: Database, llm: Llm, provider: str, model: str, agent_type: str
) -> None:
    await add_config(database, "careful", provider, model)
    await execute(
        database,
        "UPDATE agent_configs SET config_name = 'careful', max_retries = 0 WHERE agent_type = 'moderation'",
    )

    assert (await llm.api.complete(by_agents())).agent_type == agent_type


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_the_fallback_agent_takes_over_on_the_wire(database: Database, llm: Llm, provider: str) -> None:
    await add_config(database, "broken", provider, "status-500")
    await execute(
        database, "UPDATE agent_configs SET config_name = 'broken', max_retries = 0 WHERE agent_type = 'main'"
    )

    completion = await llm.api.complete(by_agents())

    assert (completion.text, completion.agent_type) == ("echo: hello there", "fallback")


async def add_config(database: Database, name: str, provider: str, model: str) -> None:
    await execute(
        database,
        "INSERT INTO llm_configs (name, provider, model_name) VALUES (:name, :provider, :model)",
        name=name,
        provider=provider,
        model=model,
    )


def by_agents(**changes: Any) -> CompletionRequest:
    return a_request(**{"config_name": "default-fast", "template_name": None, "pipeline": "multi_agent", **changes})
