"""A call that failed in passing is made again, within bounds; another config answers when this one cannot."""

import asyncio
from collections.abc import Sequence

import pytest

from ai_platform.llm.domain.calls import Answer, Call, Ending, Message, Tokens
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import Permit
from ai_platform.llm.domain.failures import FailureCode
from ai_platform.llm.domain.retrying import RetryPolicy
from ai_platform.llm.domain.validation import ResponseRules
from tests.unit.llm.fakes import ScriptedModels, a_config
from tests.unit.llm.stage import FINE, OVERLOADED, Stage, a_stage, limited


async def test_a_failure_in_passing_is_followed_by_another_call() -> None:
    stage = a_stage(OVERLOADED, FINE)

    answered = await stage.answer()

    assert (answered.answer, answered.config.name) == (FINE, "smart")


async def test_waits_double_up_to_the_longest_and_no_further() -> None:
    stage = a_stage(OVERLOADED, policy=RetryPolicy(max_retries=5, initial_delay=0.5, max_delay=3))

    await stage.failure()

    assert stage.slept == [0.5, 1, 2, 3, 3]


@pytest.mark.parametrize(("asked_for", "calls"), [(None, 4), (0, 1), (2, 3)])
async def test_a_call_is_repeated_as_often_as_it_says_or_the_platform_does(asked_for: int | None, calls: int) -> None:
    stage = a_stage(OVERLOADED, policy=RetryPolicy(max_retries=3, initial_delay=0.1))

    await stage.failure(max_retries=asked_for)

    assert len(stage.models.asked) == calls


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
async def test_a_providers_wish_to_wait_is_never_undercut(chance: float) -> None:
    stage = a_stage(limited(3.0), FINE, chance=chance)

    await stage.answer()

    assert 3.0 <= sum(stage.slept) <= 3.4


async def test_a_wait_beyond_five_seconds_is_left_to_the_job() -> None:
    stage = a_stage(limited(30.0), FINE)

    failure = await stage.failure()

    assert failure.failure is FailureCode.RATE_LIMITED
    assert failure.retry_after is not None
    assert failure.retry_after >= 30.0
    assert stage.slept == []


async def test_nothing_is_tried_beyond_the_deadline() -> None:
    stage = a_stage(OVERLOADED, FINE)

    failure = await stage.failure(deadline=stage.clock.now + 0.5)

    assert (failure.failure, stage.slept, len(stage.models.asked)) == (FailureCode.OVERLOADED, [], 1)


async def test_a_call_whose_deadline_is_over_is_not_made() -> None:
    stage = a_stage(FINE)

    failure = await stage.failure(deadline=stage.clock.now)

    assert (failure.failure, failure.untried, stage.models.asked) == (FailureCode.TIMEOUT, False, [])


async def test_a_spent_budget_leaves_retries_to_the_job() -> None:
    stage = a_stage(OVERLOADED, policy=RetryPolicy(max_retries=10, initial_delay=0.001))
    for _ in range(30):
        await stage.failure()
    before = len(stage.models.asked)

    failure = await stage.failure()

    assert len(stage.models.asked) - before <= 2
    assert failure.retryable


async def test_waiting_out_a_limited_rate_costs_no_budget() -> None:
    stage = a_stage(limited(0.01), policy=RetryPolicy(max_retries=10, initial_delay=0.001))
    for _ in range(30):
        await stage.failure()
        stage.clock.now += 1
    before = len(stage.models.asked)

    await stage.failure()

    assert len(stage.models.asked) - before == 11


async def test_after_a_wish_to_wait_nobody_calls_that_config() -> None:
    stage = a_stage(limited(30), FINE)
    await stage.failure()

    failure = await stage.failure()

    assert (failure.failure, failure.untried) == (FailureCode.LIMIT_REACHED, True)
    assert len(stage.models.asked) == 1


async def test_a_cancelled_call_gives_its_slot_back() -> None:
    begun = asyncio.Event()

    class Silent(ScriptedModels):
        async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:  # noqa: ARG002 - the port's
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError("nobody ends the silence")

    stage = Stage(Silent({"smart": [FINE]}))
    config = a_config(max_concurrency=1)
    calling = asyncio.create_task(stage.answer(config))
    await begun.wait()

    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling

    assert isinstance(await stage.gate.enter(config, 1), Permit)


async def test_rules_that_cannot_be_read_fail_for_good_and_call_nobody() -> None:
    stage = a_stage(FINE)

    failure = await stage.failure(a_config(validation=ResponseRules(flaw="There is no rule 'x'.")))

    assert (failure.retryable, stage.models.asked) == (False, [])
    assert "no rule 'x'" in failure.detail


EMPTY = Answer("  ", Tokens(3, 0))


async def test_an_answer_that_is_retried_is_asked_for_again() -> None:
    stage = a_stage(EMPTY, FINE)

    assert (await stage.answer()).answer == FINE


async def test_an_answer_that_stays_empty_is_a_failure_in_passing() -> None:
    failure = await a_stage(EMPTY).failure()

    assert (failure.failure, failure.retryable) == (FailureCode.EMPTY_RESPONSE, True)


async def test_an_answer_that_is_sent_elsewhere_is_asked_of_the_fallback_at_once() -> None:
    stage = a_stage(Answer("Error: upstream failed.", None), second=[FINE])

    answered = await stage.answer(a_config(fallbacks=("second",)))

    assert (answered.config.name, stage.models.asked) == ("second", ["smart", "second"])


async def test_without_a_fallback_such_an_answer_is_left_to_the_jobs_next_attempt() -> None:
    stage = a_stage(Answer("Error: upstream failed.", None))

    failure = await stage.failure()

    assert (failure.failure, failure.retryable, stage.models.asked) == (FailureCode.ERROR_INDICATED, True, ["smart"])


async def test_an_accepted_empty_answer_is_an_answer() -> None:
    stage = a_stage(Answer("", None))

    assert (await stage.answer(a_config(validation=ResponseRules(on_empty="accept")))).answer.text == ""


async def test_a_wordless_refusal_is_final_unless_the_rules_say_otherwise() -> None:
    declined = Answer("", None, Ending.REFUSED)

    assert (await a_stage(declined).failure()).failure is FailureCode.CONTENT_REFUSED
    retried = await a_stage(declined, FINE).answer(a_config(validation=ResponseRules(on_refusal="retry")))
    assert retried.answer == FINE


async def test_what_is_raised_carries_nobodys_history() -> None:
    failure = await a_stage(OVERLOADED, second=[OVERLOADED]).failure(a_config(fallbacks=("second",)))

    assert (failure.__cause__, failure.__context__) == (None, None)


async def test_a_refusal_of_the_gate_names_its_reason() -> None:
    stage = a_stage(FINE)
    config = a_config(requests_per_minute=1)
    await stage.answer(config)

    failure = await stage.failure(config)

    assert "requests this minute" in failure.detail
