"""The tables serve people who type SQL: defaults, limits, versions, and rows to begin with."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.llm.domain.template import PromptTemplate
from ai_platform.llm.domain.validation import ResponseRules
from ai_platform.llm.infrastructure.repositories import SqlCatalogue
from ai_platform.runtime.db import Database
from tests.integration.llm.conftest import execute, the_row

_INSERT = "INSERT INTO llm_configs (name, provider, model_name) VALUES ('mine', 'openai', 'gpt')"
_CONFIGS = ("default-smart", "default-fast", "claude-opus", "claude-sonnet", "demo")
_TEMPLATES = (
    "default-assistant",
    "code-assistant",
    "creative-writer",
    "main-agent",
    "fallback-agent",
    "followup-agent",
    "moderation-agent",
    "crm-default",
)


async def test_three_words_make_a_config(database: Database) -> None:
    await execute(database, _INSERT)

    assert await the_row(
        database,
        "SELECT temperature, max_tokens, timeout_seconds, api_key_env, is_active, version, bound_version"
        " FROM llm_configs WHERE name = 'mine'",
    ) == (0.7, 4096, None, None, True, 1, None)


async def test_rules_that_are_typed_in_part_take_the_defaults_for_the_rest(database: Database) -> None:
    await execute(database, _INSERT)
    await execute(database, """UPDATE llm_configs SET validation = '{"on_refusal": "retry"}' WHERE name = 'mine'""")

    config = await SqlCatalogue(database).config("mine")

    assert config is not None
    assert config.validation == ResponseRules(on_refusal="retry")


@pytest.mark.parametrize("typed", ['{"on_empty": "explode"}', '{"min_length": "ten"}', '{"on_emtpy": "retry"}'])
async def test_rules_that_cannot_be_read_say_why_and_stop_nobody(database: Database, typed: str) -> None:
    await execute(database, _INSERT)
    await execute(database, "UPDATE llm_configs SET validation = :typed WHERE name = 'mine'", typed=typed)

    config = await SqlCatalogue(database).config("mine")

    assert config is not None
    assert config.validation.flaw.startswith("The response rules are not valid")


async def test_two_words_make_a_template(database: Database) -> None:
    await execute(database, "INSERT INTO prompt_templates (name, content) VALUES ('mine', 'Be brief.')")

    assert await the_row(
        database, "SELECT description, revision, is_active, version FROM prompt_templates WHERE name = 'mine'"
    ) == ("", 1, True, 1)


async def test_any_change_counts_a_version_and_moves_the_time(database: Database) -> None:
    await execute(database, _INSERT)

    await execute(database, "UPDATE llm_configs SET temperature = 0 WHERE name = 'mine'")

    assert await the_row(database, "SELECT version, updated_at > created_at FROM llm_configs WHERE name = 'mine'") == (
        2,
        True,
    )


async def test_an_update_that_changes_nothing_counts_nothing(database: Database) -> None:
    await execute(database, _INSERT)

    await execute(database, "UPDATE llm_configs SET provider = 'openai' WHERE name = 'mine'")

    assert await the_row(database, "SELECT version FROM llm_configs WHERE name = 'mine'") == (1,)


async def test_a_new_content_is_a_new_revision_and_a_new_description_is_none(database: Database) -> None:
    await execute(database, "INSERT INTO prompt_templates (name, content) VALUES ('mine', 'one')")

    await execute(database, "UPDATE prompt_templates SET description = 'd' WHERE name = 'mine'")
    await execute(database, "UPDATE prompt_templates SET content = 'two' WHERE name = 'mine'")

    assert await the_row(database, "SELECT revision, version FROM prompt_templates WHERE name = 'mine'") == (2, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        "name = ' '",
        "provider = ''",
        "model_name = ''",
        "temperature = 2.1",
        "max_tokens = 0",
        "timeout_seconds = 0",
        "timeout_seconds = 'Infinity'",
        "input_cost_per_mtok = -1",
        "api_key_env = 'sk-looks like a key'",
        "base_url = 'ftp://host'",
    ],
)
async def test_a_value_beyond_its_limit_is_refused(database: Database, wrong: str) -> None:
    with pytest.raises(IntegrityError):
        await execute(database, f"UPDATE llm_configs SET {wrong} WHERE name = 'demo'")  # noqa: S608 - written above


@pytest.mark.parametrize("name", _CONFIGS)
async def test_a_config_to_begin_with_is_usable(database: Database, name: str) -> None:
    assert (await SqlCatalogue(database).find(name, "default-assistant")).is_usable


@pytest.mark.parametrize("name", _TEMPLATES)
async def test_a_template_to_begin_with_needs_no_variables(database: Database, name: str) -> None:
    choice = await SqlCatalogue(database).find("demo", name)

    assert isinstance(choice.template, PromptTemplate)
    assert choice.template.variables == ()


async def test_the_moderators_template_shows_json_with_single_braces(database: Database) -> None:
    choice = await SqlCatalogue(database).find("demo", "moderation-agent")

    assert choice.template is not None
    assert '\n{"is_safe": true or false, "violations": [' in choice.template.render({})


async def test_tenants_work_reads_the_same_rows(database: Database) -> None:
    async with database.transaction(DEFAULT_TENANT) as connection:
        assert await connection.scalar(text("SELECT count(*) FROM llm_configs")) == len(_CONFIGS)
        assert await connection.scalar(text("SELECT count(*) FROM prompt_templates")) == len(_TEMPLATES)
