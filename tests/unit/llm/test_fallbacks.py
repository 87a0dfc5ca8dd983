"""Another config answers when this one cannot, and what is told when none can."""

import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.llm.domain.breaker import BreakerRules, Verdict
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import Outcome, Permit
from ai_platform.llm.domain.failures import FailureCode
from ai_platform.llm.domain.retrying import RetryPolicy
from tests.unit.llm.fakes import FakeCatalogue, a_config
from tests.unit.llm.stage import FINE, OVERLOADED, Stage, a_stage, failing, limited


@pytest.mark.parametrize("code", [FailureCode.BAD_REQUEST, FailureCode.CONTENT_REFUSED])
async def test_what_is_wrong_with_the_words_is_wrong_everywhere(code: FailureCode) -> None:
    stage = a_stage(failing(code), second=[FINE])

    failure = await stage.failure(a_config(fallbacks=("second",)))

    assert (failure.failure, stage.models.asked) == (code, ["smart"])


@pytest.mark.parametrize(
    "code",
    [
        FailureCode.AUTH_FAILED,
        FailureCode.PERMISSION_DENIED,
        FailureCode.MODEL_NOT_FOUND,
        FailureCode.SPEND_LIMIT,
        FailureCode.KEY_MISSING,
        FailureCode.PROVIDER_MISSING,
        FailureCode.CONTEXT_TOO_LONG,
    ],
)
async def test_what_is_wrong_with_the_config_is_not_repeated_but_asked_of_its_fallback(code: FailureCode) -> None:
    stage = a_stage(failing(code), second=[FINE])

    answered = await stage.answer(a_config(fallbacks=("second",)))

    assert (answered.config.name, stage.models.asked) == ("second", ["smart", "second"])


async def test_a_fallback_answers_after_the_retries_are_used_up() -> None:
    stage = a_stage(OVERLOADED, second=[FINE], policy=RetryPolicy(max_retries=1))

    answered = await stage.answer(a_config(fallbacks=("second",)))

    assert (answered.config.name, stage.models.asked) == ("second", ["smart", "smart", "second"])


async def test_a_long_wait_is_spent_on_a_fallback() -> None:
    stage = a_stage(limited(60), second=[FINE])

    assert (await stage.answer(a_config(fallbacks=("second",)))).config.name == "second"


async def test_fallbacks_are_asked_in_order_and_each_once() -> None:
    gone = failing(FailureCode.AUTH_FAILED)
    stage = a_stage(gone, second=[gone], third=[gone])
    stage.catalogue.put(a_config(name="second", fallbacks=("smart", "third")))
    stage.catalogue.put(a_config(name="third", fallbacks=("second",)))

    await stage.failure(a_config(fallbacks=("second",)))

    assert stage.models.asked == ["smart", "second", "third"]


async def test_a_fallback_that_is_unknown_or_switched_off_is_passed_over() -> None:
    stage = a_stage(OVERLOADED, second=[FINE], third=[FINE], policy=RetryPolicy(max_retries=0))
    stage.catalogue.put(a_config(name="second", is_active=False))

    answered = await stage.answer(a_config(fallbacks=("nobody", "second", "third")))

    assert answered.config.name == "third"


async def test_a_database_that_is_away_leaves_no_fallback_and_hides_no_failure() -> None:
    class Away(FakeCatalogue):
        async def config(self, name: str) -> LLMConfig | None:
            raise Unavailable(f"Nobody finds {name}.")

    stage = a_stage(OVERLOADED, catalogue=Away(), policy=RetryPolicy(max_retries=0))

    assert (await stage.failure(a_config(fallbacks=("second",)))).failure is FailureCode.OVERLOADED


async def test_when_all_fail_the_first_failure_is_told() -> None:
    stage = a_stage(OVERLOADED, second=[failing(FailureCode.SERVER_ERROR)], policy=RetryPolicy(max_retries=0))

    failure = await stage.failure(a_config(fallbacks=("second",)))

    assert (failure.failure, failure.untried) == (FailureCode.OVERLOADED, False)


async def test_a_failure_that_may_pass_goes_before_one_that_does_not() -> None:
    stage = a_stage(failing(FailureCode.AUTH_FAILED), second=[OVERLOADED], policy=RetryPolicy(max_retries=0))

    failure = await stage.failure(a_config(fallbacks=("second",)))

    assert (failure.failure, failure.retryable) == (FailureCode.OVERLOADED, True)


async def broken(stage: Stage, name: str) -> None:
    for _ in range(stage.rules.failure_threshold):
        permit = await stage.gate.enter(a_config(name=name), 1)
        assert isinstance(permit, Permit)
        stage.gate.leave(permit, Outcome(Verdict.FAILURE))


async def test_an_open_breaker_is_no_call_and_says_when_to_come_back() -> None:
    stage = a_stage(FINE, rules=BreakerRules(timeout=60))
    await broken(stage, "smart")

    failure = await stage.failure()

    assert (failure.failure, failure.untried, failure.retryable) == (FailureCode.BREAKER_OPEN, True, True)
    assert failure.retry_after == pytest.approx(60)
    assert stage.models.asked == []


async def test_an_open_breaker_sends_the_call_to_the_fallback() -> None:
    stage = a_stage(FINE, second=[FINE], rules=BreakerRules(timeout=60))
    await broken(stage, "smart")

    assert (await stage.answer(a_config(fallbacks=("second",)))).config.name == "second"


async def test_when_every_gate_is_closed_the_first_to_open_is_waited_for() -> None:
    stage = a_stage(FINE, second=[FINE], rules=BreakerRules(timeout=60))
    await broken(stage, "second")
    stage.clock.now += 20
    await broken(stage, "smart")

    failure = await stage.failure(a_config(fallbacks=("second",)))

    assert (failure.failure, failure.untried) == (FailureCode.BREAKER_OPEN, True)
    assert failure.retry_after == pytest.approx(40)


async def test_a_fallback_that_was_called_makes_it_an_attempt() -> None:
    stage = a_stage(FINE, second=[OVERLOADED], rules=BreakerRules(failure_threshold=5, timeout=60))
    await broken(stage, "smart")

    assert not (await stage.failure(a_config(fallbacks=("second",)), max_retries=0)).untried


async def test_a_missing_key_reached_nobody_so_a_closed_gate_after_it_is_free() -> None:
    stage = a_stage(failing(FailureCode.KEY_MISSING), second=[FINE], rules=BreakerRules(timeout=60))
    await broken(stage, "second")

    failure = await stage.failure(a_config(fallbacks=("second",)))

    assert (failure.failure, failure.untried) == (FailureCode.BREAKER_OPEN, True)


async def test_a_breaker_that_opens_under_a_call_leaves_it_its_own_failure() -> None:
    stage = a_stage(OVERLOADED, rules=BreakerRules(failure_threshold=2, timeout=60))

    failure = await stage.failure()

    assert (failure.failure, failure.untried, len(stage.models.asked)) == (FailureCode.OVERLOADED, False, 2)
    assert failure.retry_after is not None
    assert failure.retry_after > 50
