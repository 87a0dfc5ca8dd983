"""The multi-agent pipeline, run as the graph that it is: who is asked what, in which way, and at whose cost."""

from decimal import Decimal
from typing import Any

import pytest

from ai_platform.llm.application.agents import Agents
from ai_platform.llm.application.complete import Complete
from ai_platform.llm.contracts.api import HistoryMessage, Usage
from ai_platform.llm.domain.calls import Message
from ai_platform.llm.infrastructure.agent_runs import AgentRuns
from tests.unit.llm.cast import PROMPT, Cast, a_catalogue, complete
from tests.unit.llm.fakes import FakeListener, a_config, a_request, a_template, an_agent


async def test_a_safe_message_is_answered_by_the_main_agent() -> None:
    completion = await complete(cast := Cast())

    assert (completion.text, completion.agent_type) == ("main speaks", "main")
    assert (completion.config_name, completion.template_name) == ("smart", "main-agent")
    assert cast.names == ["moderation", "main"]
    assert cast.heard("main")[-1] == Message("user", PROMPT)


@pytest.mark.parametrize(
    "request_",
    [
        {"is_followup": True},
        {"history": (HistoryMessage("user", "Hi"), HistoryMessage("assistant", "Hello!"))},
        {"prompt": "Tell me more"},
        {"prompt": "lanjut dong"},
    ],
    ids=["said so", "history", "English", "Indonesian"],
)
async def test_what_continues_goes_to_the_followup_agent(request_: dict[str, Any]) -> None:
    assert (await complete(Cast(), **request_)).agent_type == "followup"


async def test_a_template_given_with_the_request_replaces_the_main_agents() -> None:
    poet = a_template(name="poet", content="You are a poet.", revision=4)

    completion = await complete(Cast(), poet, template_name="poet")

    assert (completion.text, completion.template_name, completion.template_revision) == ("a poet speaks", "poet", 4)


async def test_each_agent_calls_its_own_config_in_its_own_way() -> None:
    cast = Cast()
    row = an_agent("main", config_name="other", temperature=0.1, max_tokens=9, max_retries=1)

    completion = await complete(cast, row, a_config(name="other", temperature=1.0))

    assert completion.config_name == "other"
    assert [config.name for _, config, _, _ in cast.asked] == ["smart", "other"]
    _, config, _, call = cast.asked[-1]
    assert (config.temperature, config.max_tokens, call.max_retries) == (0.1, 9, 1)


async def test_only_the_answering_agent_is_heard() -> None:
    listener = FakeListener()

    await complete(Cast(), stream=True, listener=listener)

    assert listener.tokens == ["main speaks"]


async def test_usage_and_cost_are_those_of_all_calls() -> None:
    config = a_config(input_cost_per_mtok=Decimal(1), output_cost_per_mtok=Decimal(10))

    completion = await complete(Cast(), config)

    assert completion.usage == Usage(input_tokens=20, output_tokens=4, cost_usd=Decimal("0.00006"))


async def test_a_cost_that_is_unknown_in_part_is_unknown() -> None:
    priced = a_config(name="priced", input_cost_per_mtok=Decimal(1), output_cost_per_mtok=Decimal(10))

    completion = await complete(Cast(), priced, an_agent("main", config_name="priced"))

    assert completion.usage == Usage(input_tokens=20, output_tokens=4, cost_usd=None)


async def test_the_same_graph_serves_every_configuration() -> None:
    cast = Cast()
    runs = AgentRuns(Agents(cast))
    for content in ("You are main.", "You are new."):
        catalogue = a_catalogue(a_template(name="main-agent", content=content))
        use_case = Complete(catalogue=catalogue, models=cast, agents=runs)
        await use_case(a_request(template_name=None, pipeline="multi_agent", needs_moderation=False))

    assert cast.names == ["main", "new"]
