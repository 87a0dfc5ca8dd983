"""Every catalogue keeps these promises: the one of PostgreSQL, and the fake that unit tests rely on."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from decimal import Decimal

import pytest

from ai_platform.llm.application.ports import Catalogue
from ai_platform.llm.domain.agent import AgentConfig, AgentType, OnError
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.template import PromptTemplate
from ai_platform.llm.domain.validation import ResponseRules
from ai_platform.llm.infrastructure.repositories import SqlCatalogue
from ai_platform.runtime.db import Database
from tests.integration.llm.conftest import execute
from tests.unit.llm.fakes import FakeCatalogue, a_config, a_template, an_agent

_TABLES = {LLMConfig: "llm_configs", PromptTemplate: "prompt_templates", AgentConfig: "agent_configs"}


@dataclass(frozen=True)
class Shelf:
    """A catalogue, and the way to put a row into it."""

    catalogue: Catalogue
    put: Callable[[LLMConfig | PromptTemplate | AgentConfig], Awaitable[None]]


@pytest.fixture(params=["fake", "postgresql"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    if request.param == "fake":
        fake = FakeCatalogue()

        async def put_there(row: LLMConfig | PromptTemplate | AgentConfig) -> None:
            fake.put(row)

        for name in AgentType:
            fake.put(a_template(name=f"{name}-agent"))

        return Shelf(fake, put_there)
    database: Database = request.getfixturevalue("database")

    async def put(row: LLMConfig | PromptTemplate | AgentConfig) -> None:
        values = {field.name: getattr(row, field.name) for field in fields(row)}
        if isinstance(row, AgentConfig):
            await execute(database, "DELETE FROM agent_configs WHERE agent_type = :it", it=row.agent_type)
        if isinstance(row, LLMConfig):
            values |= {"fallbacks": list(row.fallbacks), "validation": json.dumps(row.validation.stated())}
        table = _TABLES[type(row)]
        names = ", ".join(values)
        await execute(database, f"INSERT INTO {table} ({names}) VALUES (:{', :'.join(values)})", **values)  # noqa: S608 - names of our own fields

    return Shelf(SqlCatalogue(database), put)


async def test_both_rows_come_with_all_that_they_hold(shelf: Shelf) -> None:
    await shelf.put(
        a_config(
            provider="anthropic",
            model_name="claude",
            api_key_env="SHOP_KEY",
            base_url="https://proxy.example",
            temperature=0.25,
            max_tokens=99,
            timeout_seconds=7.5,
            input_cost_per_mtok=Decimal("0.123456"),
            output_cost_per_mtok=Decimal("1.5"),
        )
    )
    await shelf.put(a_template(content="Hi {name}\n😀", description="greets", revision=3))

    choice = await shelf.catalogue.find("smart", "assistant")

    assert choice.is_usable
    assert choice.config is not None
    assert choice.template is not None
    config, template = choice.config, choice.template
    assert (config.provider, config.model_name, config.api_key_env) == ("anthropic", "claude", "SHOP_KEY")
    assert (config.base_url, config.temperature, config.max_tokens) == ("https://proxy.example", 0.25, 99)
    assert (config.timeout_seconds, config.input_cost_per_mtok) == (7.5, Decimal("0.123456"))
    assert (config.output_cost_per_mtok, config.version, config.is_edited) == (Decimal("1.5"), 1, True)
    assert (template.render({"name": "Ani"}), template.description) == ("Hi Ani\n😀", "greets")
    assert (template.revision, template.version) == (3, 1)


async def test_a_missing_row_does_not_hide_the_other(shelf: Shelf) -> None:
    await shelf.put(a_config())

    choice = await shelf.catalogue.find("smart", "nobody")

    assert choice.config is not None
    assert choice.template is None
    assert not choice.is_usable


async def test_names_are_matched_exactly(shelf: Shelf) -> None:
    await shelf.put(a_config())
    await shelf.put(a_template())

    choice = await shelf.catalogue.find("Smart", "assistant ")

    assert (choice.config, choice.template) == (None, None)


async def test_what_is_switched_off_is_found_but_not_usable(shelf: Shelf) -> None:
    await shelf.put(a_config(is_active=False))
    await shelf.put(a_template())

    choice = await shelf.catalogue.find("smart", "assistant")

    assert choice.config is not None
    assert not choice.is_usable


async def test_a_config_alone_comes_with_its_limits_fallbacks_and_rules(shelf: Shelf) -> None:
    rules = ResponseRules(min_length=7, on_empty="fallback")
    await shelf.put(
        a_config(
            max_concurrency=3,
            requests_per_minute=60,
            tokens_per_minute=9_000,
            fallbacks=("second", "third"),
            validation=rules,
            is_active=False,
        )
    )

    config = await shelf.catalogue.config("smart")

    assert config is not None
    assert (config.max_concurrency, config.requests_per_minute, config.tokens_per_minute) == (3, 60, 9_000)
    assert (config.fallbacks, config.validation, config.is_active) == (("second", "third"), rules, False)


async def test_a_config_that_nobody_made_is_none(shelf: Shelf) -> None:
    assert await shelf.catalogue.config("nobody") is None


async def test_a_crew_comes_with_the_rows_that_it_names(shelf: Shelf) -> None:
    await shelf.put(a_config())
    await shelf.put(a_config(name="careful"))
    await shelf.put(a_template(name="poet"))
    await shelf.put(an_agent("moderation", config_name="careful", on_error=OnError.ALLOW, max_retries=7))

    crew = await shelf.catalogue.crew("smart", "poet")

    assert crew.is_usable
    row = crew.row(AgentType.MODERATION)
    assert (row.on_error, row.max_retries, row.temperature) == (OnError.ALLOW, 7, None)
    assert crew.usable_config(AgentType.MODERATION).name == "careful"
    assert crew.usable_config(AgentType.MAIN).name == "smart"
    assert crew.usable_template(AgentType.MAIN).name == "poet"
    assert crew.usable_template(AgentType.FOLLOWUP).name == "followup-agent"


async def test_a_crew_under_an_unknown_config_or_template_is_not_usable(shelf: Shelf) -> None:
    await shelf.put(a_config())

    assert (await shelf.catalogue.crew("smart", None)).is_usable
    assert not (await shelf.catalogue.crew("smart", "nobody")).is_usable
    assert not (await shelf.catalogue.crew("nobody", None)).is_usable
