"""The demo model is the same every time, and as slow and unreliable as it is told to be."""

import asyncio
import time

import pytest

from ai_platform.llm.domain.calls import Answer, Call, Ending, Message, Tokens
from ai_platform.llm.domain.failures import ModelCallFailed
from ai_platform.llm.infrastructure.demo import DemoModel, DemoPace
from tests.unit.llm.fakes import a_config


async def ask(prompt: str, *, pace: DemoPace | None = None, **changes: object) -> Answer:
    config = a_config(**{"provider": "demo", "model_name": "demo", **changes})
    said = (Message("system", "Be kind."), Message("user", prompt))
    return await DemoModel(pace or DemoPace()).answer(config, said, Call())


async def share_of_failures(model_name: str, calls: int = 400) -> float:
    asked = (ask(f"prompt {number}", model_name=model_name) for number in range(calls))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return sum(isinstance(answer, ModelCallFailed) for answer in answers) / calls


async def test_it_says_demo_and_the_prompts_words() -> None:
    assert await ask("Write a haiku\nabout  programming") == Answer(
        "[demo] Write a haiku about programming", Tokens(input=7, output=6)
    )


async def test_it_stops_at_max_tokens() -> None:
    answer = await ask("one two three four", max_tokens=3)

    assert (answer.text, answer.ending) == ("[demo] one two", Ending.TRUNCATED)


async def test_the_share_of_failures_is_as_stated() -> None:
    assert 0.05 < await share_of_failures("demo?fail=0.1") < 0.15


async def test_the_same_prompt_always_fails_or_never() -> None:
    fates = {await share_of_failures("demo?fail=0.5", calls=20) for _ in range(3)}

    assert len(fates) == 1


async def test_a_failure_is_an_overload_that_may_be_tried_again() -> None:
    with pytest.raises(ModelCallFailed) as failed:
        await ask("hello", model_name="demo?fail=1")

    assert (failed.value.stable_code, failed.value.retryable) == ("llm_overloaded", True)


async def test_it_takes_the_time_it_is_told_to() -> None:
    began = time.perf_counter()

    await ask("hello", model_name="demo?latency=0.05")

    assert time.perf_counter() - began >= 0.05


async def test_the_models_name_wins_over_the_processs_pace() -> None:
    answer = await ask("hello", pace=DemoPace(latency=3600), model_name="demo?latency=0")

    assert answer.text == "[demo] hello"


@pytest.mark.parametrize(
    "model_name",
    ["demo?latency=soon", "demo?speed=3", "demo?fail=2", "demo?latency=-1", "demo?latency", "demo?fail=nan"],
)
async def test_an_unreadable_pace_is_a_config_that_cannot_be_used(model_name: str) -> None:
    with pytest.raises(ModelCallFailed) as failed:
        await ask("hello", model_name=model_name)

    assert (failed.value.stable_code, failed.value.retryable) == ("llm_bad_request", False)
