"""What an operator changes by plain SQL is effective within two seconds, without a restart."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ai_platform.kernel.errors import InvalidInput
from ai_platform.llm.application.bind_default import Bound
from ai_platform.llm.contracts.api import CompletionFailed, CompletionRequest, LlmApi
from ai_platform.llm.wiring import Llm, build_llm
from ai_platform.runtime.db import Database
from ai_platform.runtime.telemetry import Metrics
from tests.integration.llm.conftest import execute, the_row
from tests.support import eventually

_INSERT = "INSERT INTO llm_configs (name, provider, model_name) VALUES ('mine', 'demo', 'demo')"
SOON = 2.0
"""Seconds in which every process follows a change."""


@pytest_asyncio.fixture
async def llm(database: Database) -> AsyncIterator[Llm]:
    llm = build_llm(database=database, environment={}, metrics=Metrics())
    yield llm
    await llm.close()


async def accept(api: LlmApi, config_name: str = "mine") -> None:
    await api.require_usable(config_name=config_name, template_name="default-assistant", variables={})


async def answer(api: LlmApi) -> str:
    request = CompletionRequest(config_name="mine", template_name="default-assistant", prompt="hello")
    return (await api.complete(request)).text


async def test_a_new_config_is_accepted_at_once(database: Database, llm: Llm) -> None:
    with pytest.raises(InvalidInput):
        await accept(llm.api)

    await execute(database, _INSERT)

    await accept(llm.api)


async def test_a_switched_off_config_is_refused(database: Database, llm: Llm) -> None:
    await execute(database, _INSERT)
    await accept(llm.api)
    await execute(database, "UPDATE llm_configs SET is_active = false WHERE name = 'mine'")

    async def refused() -> bool:
        try:
            await accept(llm.api)
        except InvalidInput:
            return True
        return False

    await eventually(refused, within=SOON)


async def test_a_changed_model_answers(database: Database, llm: Llm) -> None:
    await execute(database, _INSERT)
    assert await answer(llm.api) == "[demo] hello"
    await execute(database, "UPDATE llm_configs SET model_name = 'demo?fail=1' WHERE name = 'mine'")

    async def failing() -> bool:
        try:
            await answer(llm.api)
        except CompletionFailed as failure:
            return failure.stable_code == "llm_overloaded"
        return False

    await eventually(failing, within=SOON)


async def test_a_changed_template_is_answered_under_its_new_revision(database: Database, llm: Llm) -> None:
    request = CompletionRequest(config_name="demo", template_name="default-assistant", prompt="hello")
    assert (await llm.api.complete(request)).template_revision == 1
    await execute(database, "UPDATE prompt_templates SET content = 'x' WHERE name = 'default-assistant'")

    async def renewed() -> bool:
        return (await llm.api.complete(request)).template_revision == 2

    await eventually(renewed, within=SOON)


async def test_the_default_is_bound_and_bound_again_while_nobody_touches_it(database: Database) -> None:
    for environment, provider in (({}, "demo"), ({"ANTHROPIC_API_KEY": "k"}, "anthropic"), ({}, "demo")):
        llm = build_llm(database=database, environment=environment, metrics=Metrics())
        bound = await llm.bind_default()
        assert bound is not None
        assert (bound.provider, bound.edited) == (provider, False)

    stands = await the_row(
        database, "SELECT provider, version, version = bound_version FROM llm_configs WHERE name = 'default-smart'"
    )
    assert stands == ("demo", 4, True)


async def test_a_default_that_was_touched_by_sql_is_its_editors(database: Database, llm: Llm) -> None:
    await llm.bind_default()
    await execute(database, "UPDATE llm_configs SET temperature = 0.1 WHERE name = 'default-smart'")

    bound = await build_llm(database=database, environment={"OPENAI_API_KEY": "k"}, metrics=Metrics()).bind_default()

    assert bound == Bound("demo", "demo", edited=True)


async def test_a_default_that_was_made_anew_is_its_makers(database: Database, llm: Llm) -> None:
    await execute(database, "UPDATE tenants SET llm_config_name = 'demo'")
    await execute(database, "DELETE FROM llm_configs WHERE name = 'default-smart'")
    assert await llm.bind_default() is None
    await execute(
        database, "INSERT INTO llm_configs (name, provider, model_name) VALUES ('default-smart', 'openai', 'gpt-6-sol')"
    )

    assert await llm.bind_default() == Bound("openai", "gpt-6-sol", edited=True)


async def test_a_changed_agent_is_effective_in_a_running_worker(database: Database, llm: Llm) -> None:
    await execute(database, _INSERT)
    request = CompletionRequest(config_name="mine", template_name=None, prompt="hello", pipeline="multi_agent")
    assert (await llm.api.complete(request)).template_name == "main-agent"
    await execute(
        database, "UPDATE agent_configs SET template_name = 'creative-writer', max_tokens = 1 WHERE agent_type = 'main'"
    )

    async def renewed() -> bool:
        completion = await llm.api.complete(request)
        return (completion.template_name, completion.text) == ("creative-writer", "[demo]")

    await eventually(renewed, within=SOON)
