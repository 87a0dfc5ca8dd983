"""What every gate promises: the one of a single process, and the one in Redis. Runs on real time, in short breaths."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from ai_platform.llm.application.ports import Breakers, BreakerSeen, Gate
from ai_platform.llm.domain.breaker import BreakerRules, BreakerState, Verdict
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import Outcome, Permit, Reason, Refused
from tests.support import eventually
from tests.unit.llm.fakes import a_config

RULES = BreakerRules(failure_threshold=3, success_threshold=2, timeout=60.0)
QUICK = BreakerRules(failure_threshold=3, success_threshold=2, timeout=0.05)

GOOD, BAD, NEITHER = Outcome(Verdict.SUCCESS), Outcome(Verdict.FAILURE), Outcome(Verdict.NEUTRAL)


class FullGate(Gate, Breakers, Protocol):
    pass


MakeGate = Callable[[BreakerRules], FullGate]


async def let_through(gate: Gate, config: LLMConfig, tokens: int = 1) -> Permit:
    answer = await gate.enter(config, tokens)
    assert isinstance(answer, Permit), answer
    return answer


async def refused(gate: Gate, config: LLMConfig, tokens: int = 1) -> Refused:
    answer = await gate.enter(config, tokens)
    assert isinstance(answer, Refused), answer
    return answer


async def seen(gate: Breakers, name: str = "smart") -> BreakerSeen:
    [breaker] = await gate.show([name])
    return breaker


async def opened(gate: FullGate, rules: BreakerRules = RULES) -> None:
    for _ in range(rules.failure_threshold):
        gate.leave(await let_through(gate, a_config()), BAD)


async def half_opened(gate: FullGate) -> None:
    await opened(gate, QUICK)
    await eventually(_state_is, gate, BreakerState.HALF_OPEN)


async def _state_is(gate: FullGate, state: BreakerState) -> bool:
    return (await seen(gate)).state is state


async def test_a_config_without_limits_lets_everybody_through(gate: MakeGate) -> None:
    free = gate(RULES)

    answers = await asyncio.gather(*(free.enter(a_config(), 1_000_000) for _ in range(300)))

    assert all(isinstance(answer, Permit) for answer in answers)


async def test_failures_in_a_row_open_the_breaker(gate: MakeGate) -> None:
    broken = gate(RULES)
    await opened(broken)

    refusal = await refused(broken, a_config())

    assert refusal.reason is Reason.BREAKER_OPEN
    assert 58 < refusal.retry_after <= 60


async def test_a_success_in_between_begins_the_count_anew(gate: MakeGate) -> None:
    shaky = gate(RULES)
    for outcome in (BAD, BAD, GOOD, BAD, BAD):
        shaky.leave(await let_through(shaky, a_config()), outcome)

    await let_through(shaky, a_config())


async def test_what_is_not_the_providers_fault_counts_neither_way(gate: MakeGate) -> None:
    shaky = gate(RULES)
    for outcome in (BAD, BAD, NEITHER, NEITHER, NEITHER):
        shaky.leave(await let_through(shaky, a_config()), outcome)

    assert ((await seen(shaky)).state, (await seen(shaky)).failures) == (BreakerState.CLOSED, 2)


async def test_one_configs_breaker_is_not_anothers(gate: MakeGate) -> None:
    broken = gate(RULES)
    await opened(broken)

    await let_through(broken, a_config(name="other"))


async def test_a_half_open_breaker_lets_a_few_probes_through_at_a_time(gate: MakeGate) -> None:
    healing = gate(QUICK)
    await half_opened(healing)

    await let_through(healing, a_config())
    await let_through(healing, a_config())

    assert (await refused(healing, a_config())).reason is Reason.BREAKER_OPEN


async def test_enough_successful_probes_close_it(gate: MakeGate) -> None:
    healing = gate(QUICK)
    await half_opened(healing)
    for _ in range(QUICK.success_threshold):
        healing.leave(await let_through(healing, a_config()), GOOD)

    breaker = await seen(healing)

    assert (breaker.state, breaker.failures, breaker.opened_at) == (BreakerState.CLOSED, 0, None)


async def test_one_failed_probe_opens_it_again(gate: MakeGate) -> None:
    healing = gate(QUICK)
    await half_opened(healing)
    healing.leave(await let_through(healing, a_config()), GOOD)
    probe = await let_through(healing, a_config())
    before = (await seen(healing)).opened_at

    healing.leave(probe, BAD)

    after = (await seen(healing)).opened_at
    assert before is not None
    assert after is not None
    assert after > before


async def test_a_probe_that_says_nothing_gives_its_place_to_another(gate: MakeGate) -> None:
    healing = gate(QUICK)
    await half_opened(healing)
    await let_through(healing, a_config())
    healing.leave(await let_through(healing, a_config()), NEITHER)

    await let_through(healing, a_config())


async def test_a_late_failure_from_before_the_break_does_not_open_it_again(gate: MakeGate) -> None:
    healing = gate(QUICK)
    late = await let_through(healing, a_config())
    await half_opened(healing)

    healing.leave(late, BAD)

    assert (await seen(healing)).state is BreakerState.HALF_OPEN


async def test_a_late_success_from_before_the_break_does_not_close_it(gate: MakeGate) -> None:
    healing = gate(QUICK)
    late = [await let_through(healing, a_config()) for _ in range(3)]
    await half_opened(healing)
    for permit in late:
        healing.leave(permit, GOOD)

    assert (await seen(healing)).state is BreakerState.HALF_OPEN


async def test_a_reset_closes_it_and_forgets_its_failures(gate: MakeGate) -> None:
    broken = gate(RULES)
    await opened(broken)

    await broken.reset("smart")

    assert ((await seen(broken)).state, (await seen(broken)).failures) == (BreakerState.CLOSED, 0)
    await let_through(broken, a_config())


async def test_an_open_breaker_tells_when_it_opened_and_when_it_lets_the_next_through(gate: MakeGate) -> None:
    broken = gate(RULES)
    await opened(broken)

    breaker = await seen(broken)

    assert breaker.opened_at is not None
    assert breaker.retry_at is not None
    assert abs((breaker.retry_at - breaker.opened_at).total_seconds() - RULES.timeout) < 0.01
    assert breaker.failures == RULES.failure_threshold


async def test_no_more_calls_at_once_than_the_config_allows(gate: MakeGate) -> None:
    narrow = gate(RULES)
    config = a_config(max_concurrency=3)

    answers = await asyncio.gather(*(narrow.enter(config, 1) for _ in range(20)))

    assert sum(isinstance(answer, Permit) for answer in answers) == 3
    assert (await refused(narrow, config)).reason is Reason.CONCURRENCY


async def test_a_call_that_ended_makes_room(gate: MakeGate) -> None:
    narrow = gate(RULES)
    config = a_config(max_concurrency=1)
    narrow.leave(await let_through(narrow, config), GOOD)

    await let_through(narrow, config)


async def test_requests_of_a_minute_are_limited(gate: MakeGate) -> None:
    narrow = gate(RULES)
    config = a_config(requests_per_minute=5)
    for _ in range(5):
        narrow.leave(await let_through(narrow, config), GOOD)

    refusal = await refused(narrow, config)

    assert refusal.reason is Reason.REQUESTS
    assert 55 < refusal.retry_after <= 61


async def test_tokens_of_a_minute_are_limited(gate: MakeGate) -> None:
    narrow = gate(RULES)
    config = a_config(tokens_per_minute=100)
    await let_through(narrow, config, 60)

    assert (await refused(narrow, config, 60)).reason is Reason.TOKENS
    await let_through(narrow, config, 40)


async def test_what_a_call_did_not_spend_is_free_again(gate: MakeGate) -> None:
    narrow = gate(RULES)
    config = a_config(tokens_per_minute=100)
    narrow.leave(await let_through(narrow, config, 90), Outcome(Verdict.SUCCESS, tokens=10))

    await let_through(narrow, config, 90)


async def test_what_a_call_spent_beyond_its_estimate_counts(gate: MakeGate) -> None:
    narrow = gate(RULES)
    config = a_config(tokens_per_minute=100)
    narrow.leave(await let_through(narrow, config, 10), Outcome(Verdict.SUCCESS, tokens=95))

    assert (await refused(narrow, config, 10)).reason is Reason.TOKENS


async def test_a_call_larger_than_the_whole_limit_runs_alone(gate: MakeGate) -> None:
    narrow = gate(RULES)

    await let_through(narrow, a_config(tokens_per_minute=100), 5_000)


async def test_a_refused_call_takes_nothing(gate: MakeGate) -> None:
    narrow = gate(RULES)
    config = a_config(max_concurrency=1, requests_per_minute=2)
    first = await let_through(narrow, config)
    for _ in range(5):
        await refused(narrow, config)
    narrow.leave(first, GOOD)

    await let_through(narrow, config)


async def test_a_providers_wish_to_be_left_alone_holds_for_everybody(gate: MakeGate) -> None:
    asked = gate(RULES)
    asked.leave(await let_through(asked, a_config()), Outcome(Verdict.NEUTRAL, pause=30))

    refusal = await refused(asked, a_config())

    assert refusal.reason is Reason.PAUSED
    assert 29 < refusal.retry_after <= 30


async def test_a_shorter_wish_does_not_shorten_a_longer_one(gate: MakeGate) -> None:
    asked = gate(RULES)
    first, second = await let_through(asked, a_config()), await let_through(asked, a_config())
    asked.leave(first, Outcome(Verdict.NEUTRAL, pause=30))
    asked.leave(second, Outcome(Verdict.NEUTRAL, pause=1))

    assert (await refused(asked, a_config())).retry_after > 29


async def test_a_limit_that_is_changed_holds_from_the_next_call(gate: MakeGate) -> None:
    narrow = gate(RULES)
    await let_through(narrow, a_config(max_concurrency=1))

    await let_through(narrow, a_config(max_concurrency=2))
