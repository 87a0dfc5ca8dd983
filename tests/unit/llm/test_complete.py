"""A prompt becomes one call and one completion, or one failure that says all that its caller needs."""

import asyncio
from decimal import Decimal

import pytest

from ai_platform.llm.application.agents import Agents
from ai_platform.llm.application.complete import Complete
from ai_platform.llm.contracts.api import Completion, CompletionFailed, CompletionRequest, HistoryMessage, Usage
from ai_platform.llm.domain.calls import Answer, Ending, Message
from ai_platform.llm.domain.refusals import Refusal, failure_of
from ai_platform.llm.infrastructure.agent_runs import AgentRuns
from tests.unit.llm.fakes import FakeCatalogue, FakeListener, FakeModels, Reliably, a_config, a_request, a_template


def a_catalogue() -> FakeCatalogue:
    return FakeCatalogue().put(a_config(), a_template())


async def complete(
    request: CompletionRequest, *, catalogue: FakeCatalogue | None = None, models: FakeModels | None = None
) -> Completion:
    reliable = Reliably(models or FakeModels())
    use_case = Complete(catalogue=catalogue or a_catalogue(), models=reliable, agents=AgentRuns(Agents(reliable)))
    return await use_case(request)


async def the_failure(
    request: CompletionRequest, *, catalogue: FakeCatalogue | None = None, models: FakeModels | None = None
) -> CompletionFailed:
    with pytest.raises(CompletionFailed) as failed:
        await complete(request, catalogue=catalogue, models=models)
    return failed.value


async def test_the_answer_carries_agent_revision_tokens_and_cost() -> None:
    catalogue = FakeCatalogue().put(
        a_config(input_cost_per_mtok=Decimal(2), output_cost_per_mtok=Decimal(10)), a_template(revision=7)
    )

    assert await complete(a_request(), catalogue=catalogue) == Completion(
        text="Because of Rayleigh.",
        agent_type="main",
        config_name="smart",
        template_name="assistant",
        template_revision=7,
        usage=Usage(input_tokens=10, output_tokens=4, cost_usd=Decimal("0.00006")),
    )


async def test_the_model_hears_template_history_and_the_unaltered_prompt_in_that_order() -> None:
    models = FakeModels()
    catalogue = FakeCatalogue().put(a_config(), a_template(content="Speak {tongue}."))
    history = (HistoryMessage("user", "Hi"), HistoryMessage("assistant", "Hello!"))

    await complete(
        a_request(prompt="  {as} it is\n", variables={"tongue": "Dutch"}, history=history, stream=True),
        catalogue=catalogue,
        models=models,
    )

    [(config, messages, call)] = models.asked
    assert (config.name, call.is_streamed) == ("smart", True)
    assert messages == (
        Message("system", "Speak Dutch."),
        Message("user", "Hi"),
        Message("assistant", "Hello!"),
        Message("user", "  {as} it is\n"),
    )


async def test_messages_without_words_are_left_out() -> None:
    models = FakeModels()
    catalogue = FakeCatalogue().put(a_config(), a_template(content=" "))

    await complete(a_request(history=(HistoryMessage("user", "\n"),)), catalogue=catalogue, models=models)

    assert [message.role for message in models.asked[0][1]] == ["user"]


async def test_uncounted_tokens_are_no_usage() -> None:
    assert (await complete(a_request(), models=FakeModels(Answer("Blue.", None)))).usage is None


@pytest.mark.parametrize(
    ("catalogue", "code"),
    [
        (FakeCatalogue().put(a_template()), "llm_config_not_found"),
        (FakeCatalogue().put(a_template(), a_config(is_active=False)), "llm_config_not_found"),
        (FakeCatalogue().put(a_config()), "llm_template_not_found"),
        (FakeCatalogue().put(a_config(), a_template(is_active=False)), "llm_template_not_found"),
        (FakeCatalogue().put(a_config(), a_template(content="{oops")), "llm_template_invalid"),
        (FakeCatalogue().put(a_config(), a_template(content="{name}")), "llm_template_invalid"),
    ],
)
async def test_what_changed_since_acceptance_fails_for_good(catalogue: FakeCatalogue, code: str) -> None:
    models = FakeModels()

    failure = await the_failure(a_request(), catalogue=catalogue, models=models)

    assert (failure.stable_code, failure.retryable) == (code, False)
    assert models.asked == []


async def test_tokens_are_heard_only_when_streaming_was_asked_for() -> None:
    models, listener = FakeModels(), FakeListener()

    await complete(a_request(listener=listener), models=models)
    await complete(a_request(listener=listener, stream=True), models=models)

    assert [call.on_token for _, _, call in models.asked] == [None, listener.token]


async def test_what_the_caller_will_wait_for_is_the_calls_deadline() -> None:
    models = FakeModels()
    now = asyncio.get_running_loop().time()

    await complete(a_request(timeout_seconds=30.0), models=models)

    assert models.asked[0][2].deadline == pytest.approx(now + 30, abs=5)


async def test_a_refusal_in_words_is_an_answer() -> None:
    completion = await complete(a_request(), models=FakeModels(Answer("I cannot help.", None, Ending.REFUSED)))

    assert completion.text == "I cannot help."


async def test_a_failed_call_keeps_its_classification_and_loses_its_history() -> None:
    failed = failure_of(Refusal(status=429, retry_after=4.0), a_config())

    failure = await the_failure(a_request(), models=FakeModels(failed))

    assert (failure.stable_code, failure.retryable, failure.retry_after) == ("llm_rate_limited", True, 4.0)
    assert failure.__cause__ is None
    assert failure.__context__ is None


async def test_what_no_database_can_hold_is_taken_out_of_the_answer() -> None:
    completion = await complete(a_request(), models=FakeModels(Answer("a\x00b\ud800c", None)))

    assert completion.text == "ab?c"
