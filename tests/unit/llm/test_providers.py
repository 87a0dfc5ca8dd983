"""Calls go to the provider that the config names, and leave their figures behind."""

import pytest

from ai_platform.llm.domain.calls import Answer, Call, Message, Tokens
from ai_platform.llm.domain.failures import ModelCallFailed, timed_out
from ai_platform.llm.infrastructure.langchain_provider import LangChainModels
from ai_platform.llm.infrastructure.providers import MeasuredModels, Providers
from ai_platform.runtime.telemetry import Metrics
from tests.unit.llm.fakes import FakeModels, a_config

_SAID = (Message("user", "hello"),)


async def test_demo_is_ours_and_every_other_provider_is_langchains() -> None:
    demo, others = FakeModels(Answer("demo", None)), FakeModels(Answer("others", None))
    providers = Providers(demo=demo, others=others)

    told = [
        (await providers.answer(a_config(provider=name), _SAID, Call())).text
        for name in ("demo", "openai", "mistralai")
    ]

    assert told == ["demo", "others", "others"]


async def test_a_call_is_measured_by_config_and_outcome_with_its_tokens() -> None:
    metrics = Metrics()

    await MeasuredModels(FakeModels(Answer("hi", Tokens(7, 3))), metrics).answer(a_config(), _SAID, Call())

    sample = metrics.registry.get_sample_value
    assert sample("llm_call_duration_seconds_count", {"config": "smart", "outcome": "ok"}) == 1
    assert sample("llm_tokens_total", {"config": "smart", "direction": "input"}) == 7
    assert sample("llm_tokens_total", {"config": "smart", "direction": "output"}) == 3


async def test_a_failed_call_is_measured_under_its_code() -> None:
    metrics = Metrics()
    failing = FakeModels(timed_out(a_config()))

    with pytest.raises(ModelCallFailed):
        await MeasuredModels(failing, metrics).answer(a_config(), _SAID, Call())

    counted = metrics.registry.get_sample_value(
        "llm_call_duration_seconds_count", {"config": "smart", "outcome": "llm_timeout"}
    )
    assert counted == 1


@pytest.mark.parametrize("environment", [{}, {"SHOP_KEY": "  "}])
async def test_a_key_that_is_not_set_is_named_before_any_package_is_loaded(environment: dict[str, str]) -> None:
    models = LangChainModels(environment=environment, base_urls={}, default_timeout=60)

    with pytest.raises(ModelCallFailed) as failed:
        await models.answer(a_config(api_key_env="SHOP_KEY"), _SAID, Call())

    assert (failed.value.stable_code, failed.value.retryable) == ("llm_key_missing", False)
    assert "SHOP_KEY" in failed.value.detail


def test_keys_do_not_show_in_a_dump_of_the_provider() -> None:
    models = LangChainModels(environment={"OPENAI_API_KEY": "sk-secret"}, base_urls={}, default_timeout=60)

    assert "sk-secret" not in repr(models)
