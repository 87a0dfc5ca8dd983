"""Every transaction over configurations keeps these promises, in PostgreSQL and in the fake."""

from dataclasses import fields

import pytest

from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.ports import LLMConfigs
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.infrastructure.repositories import LlmTransactions
from ai_platform.runtime.db import Database
from tests.unit.llm.fakes import FakeTransactions, a_config


@pytest.fixture(params=["fake", "postgresql"])
def transactions(request: pytest.FixtureRequest) -> Transactions[LLMConfigs]:
    """With the row that a migration puts there."""
    if request.param == "fake":
        return FakeTransactions({"default-smart": a_config(name="default-smart", bound_version=1)})
    database: Database = request.getfixturevalue("database")
    return LlmTransactions(database)


async def the_default(transactions: Transactions[LLMConfigs]) -> LLMConfig:
    async with transactions(None) as configs:
        config = await configs.get("default-smart")
        assert config is not None
        return config


async def test_a_change_is_kept_and_counts_a_version(transactions: Transactions[LLMConfigs]) -> None:
    async with transactions(None) as configs:
        config = await configs.get("default-smart")
        assert config is not None
        config.model_name = "other"

    kept = await the_default(transactions)
    assert (kept.model_name, kept.version) == ("other", 2)


async def test_a_visit_without_change_counts_nothing(transactions: Transactions[LLMConfigs]) -> None:
    before = await the_default(transactions)
    after = await the_default(transactions)

    assert {field.name: getattr(before, field.name) for field in fields(LLMConfig)} == {
        field.name: getattr(after, field.name) for field in fields(LLMConfig)
    }


async def test_an_error_leaves_nothing_behind(transactions: Transactions[LLMConfigs]) -> None:
    async def fail_midway() -> None:
        async with transactions(None) as configs:
            config = await configs.get("default-smart")
            assert config is not None
            config.model_name = "other"
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        await fail_midway()

    assert (await the_default(transactions)).model_name != "other"


async def test_an_unknown_name_is_none(transactions: Transactions[LLMConfigs]) -> None:
    async with transactions(None) as configs:
        assert await configs.get("nobody") is None
