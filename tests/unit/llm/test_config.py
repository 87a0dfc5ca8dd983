"""A configuration keeps its limits, knows its price, and belongs to whoever edited it last."""

from decimal import Decimal

import pytest

from ai_platform.kernel.errors import InvalidInput
from ai_platform.llm.domain.calls import Tokens
from ai_platform.llm.domain.config import Binding
from tests.unit.llm.fakes import a_config

_OTHER = Binding("anthropic", "claude", Decimal(2), Decimal(10))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 256),
        ("provider", ""),
        ("model_name", ""),
        ("temperature", -0.1),
        ("temperature", 2.1),
        ("max_tokens", 0),
        ("timeout_seconds", 0.0),
        ("input_cost_per_mtok", Decimal(-1)),
        ("output_cost_per_mtok", Decimal(-1)),
        ("max_concurrency", 0),
        ("requests_per_minute", 0),
        ("tokens_per_minute", -1),
        ("fallbacks", ("other", "smart")),
    ],
)
def test_a_value_beyond_its_limit_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        a_config(**{field: value})

    assert [violation.loc for violation in refusal.value.violations] == [(field,)]


def test_a_call_costs_its_tokens_at_the_price_of_a_million() -> None:
    config = a_config(input_cost_per_mtok=Decimal("0.10"), output_cost_per_mtok=Decimal("0.50"))

    assert config.cost(Tokens(1_000, 200)) == Decimal("0.0002")


def test_without_both_prices_the_cost_is_unknown() -> None:
    assert a_config(input_cost_per_mtok=Decimal(1)).cost(Tokens(1, 1)) is None


@pytest.mark.parametrize(
    ("provider", "stated", "variable"),
    [
        ("openai", None, "OPENAI_API_KEY"),
        ("anthropic", None, "ANTHROPIC_API_KEY"),
        ("openai", "PROXY_KEY", "PROXY_KEY"),
        ("mistralai", None, None),
    ],
)
def test_the_key_comes_from_the_stated_variable_or_the_providers_own(
    provider: str, stated: str | None, variable: str | None
) -> None:
    assert a_config(provider=provider, api_key_env=stated).key_variable == variable


def test_an_unedited_config_is_pointed_at_another_provider_with_its_prices() -> None:
    config = a_config(version=3, bound_version=3)

    config.bind(_OTHER)

    assert (config.provider, config.model_name, config.input_cost_per_mtok) == ("anthropic", "claude", Decimal(2))
    assert config.bound_version == 4


def test_an_edited_config_stays_with_its_editor() -> None:
    config = a_config(version=4, bound_version=3)

    config.bind(_OTHER)

    assert config.provider == "openai"


def test_binding_what_is_bound_already_changes_nothing() -> None:
    config = a_config(provider="anthropic", model_name="claude", version=3, bound_version=3)

    config.bind(_OTHER)

    assert config.bound_version == 3
