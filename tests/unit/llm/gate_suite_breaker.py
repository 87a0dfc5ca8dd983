"""What the breaker of every gate promises. Runs on real time, in short breaths."""

from ai_platform.llm.domain.breaker import BreakerState
from ai_platform.llm.domain.entrance import Reason
from tests.unit.llm.fakes import a_config
from tests.unit.llm.gates import (
    BAD,
    GOOD,
    NEITHER,
    QUICK,
    RULES,
    MakeGate,
    half_opened,
    let_through,
    opened,
    refused,
    seen,
)


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
