"""A probe's place is free again after its lease, and each failure has its verdict."""

import pytest

from ai_platform.llm.domain.breaker import Breaker, BreakerRules, BreakerState, Verdict, verdict_on
from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed

RULES = BreakerRules(failure_threshold=2, success_threshold=1, timeout=10)


def a_half_open_breaker() -> Breaker:
    breaker = Breaker()
    for call in ("a", "b"):
        breaker.end(call, epoch=0, verdict=Verdict.FAILURE, rules=RULES, now=0)
    assert breaker.state_at(10) is BreakerState.HALF_OPEN
    return breaker


def test_a_probe_that_never_comes_back_gives_its_place_away_after_its_lease() -> None:
    breaker = a_half_open_breaker()
    breaker.begin("lost", expires=18)

    assert breaker.wait(RULES, 17.9) is not None
    assert breaker.wait(RULES, 18.1) is None


def test_an_open_breaker_says_how_long_it_will_be() -> None:
    breaker = Breaker()
    for call in ("a", "b"):
        breaker.end(call, epoch=0, verdict=Verdict.FAILURE, rules=RULES, now=0)

    assert breaker.wait(RULES, 4) == 6


@pytest.mark.parametrize("code", FailureCode)
def test_only_the_providers_own_faults_count(code: FailureCode) -> None:
    counts = code in {
        FailureCode.TIMEOUT,
        FailureCode.CONNECTION_FAILED,
        FailureCode.SERVER_ERROR,
        FailureCode.OVERLOADED,
        FailureCode.STREAM_CUT,
        FailureCode.MALFORMED_RESPONSE,
    }

    assert (verdict_on(ModelCallFailed(code, "")) is Verdict.FAILURE) is counts
