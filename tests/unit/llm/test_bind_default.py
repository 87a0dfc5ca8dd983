"""The default config follows the keys that are there until a person decides otherwise."""

import pytest

from ai_platform.llm.application.bind_default import BindDefault, Bound
from ai_platform.llm.domain.config import LLMConfig
from tests.unit.llm.fakes import FakeTransactions, a_config


def the_default(**changes: object) -> FakeTransactions:
    seeded = {"name": "default-smart", "provider": "openai", "model_name": "gpt-6-sol", "bound_version": 1}
    return FakeTransactions({"default-smart": a_config(**{**seeded, **changes})})


def row(transactions: FakeTransactions) -> LLMConfig:
    return transactions.rows["default-smart"]


@pytest.mark.parametrize(
    ("environment", "provider"),
    [
        ({"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}, "openai"),
        ({"OPENAI_API_KEY": " ", "ANTHROPIC_API_KEY": "k"}, "anthropic"),
        ({}, "demo"),
    ],
)
async def test_the_provider_follows_the_keys(environment: dict[str, str], provider: str) -> None:
    transactions = the_default()

    bound = await BindDefault(transactions, environment)()

    assert bound == Bound(provider, row(transactions).model_name, edited=False)
    assert row(transactions).provider == provider


async def test_it_follows_them_at_every_start() -> None:
    transactions = the_default()
    await BindDefault(transactions, {})()
    await BindDefault(transactions, {"ANTHROPIC_API_KEY": "k"})()

    bound = await BindDefault(transactions, {"OPENAI_API_KEY": "k"})()

    assert bound == Bound("openai", "gpt-6-sol", edited=False)


async def test_a_start_without_change_writes_nothing() -> None:
    transactions = the_default()
    await BindDefault(transactions, {})()
    version = row(transactions).version

    await BindDefault(transactions, {})()

    assert row(transactions).version == version


async def test_an_edited_config_is_left_alone_and_told() -> None:
    transactions = the_default(model_name="my-own", version=2)

    bound = await BindDefault(transactions, {})()

    assert bound == Bound("openai", "my-own", edited=True)


async def test_a_deleted_default_is_not_brought_back() -> None:
    assert await BindDefault(FakeTransactions(), {})() is None
