"""What every gate promises of limits: of calls at once, of requests and tokens a minute, and of a provider's wish."""

import asyncio

from ai_platform.llm.domain.breaker import Verdict
from ai_platform.llm.domain.entrance import Outcome, Permit, Reason
from tests.unit.llm.fakes import a_config
from tests.unit.llm.gates import GOOD, RULES, MakeGate, let_through, refused


async def test_a_config_without_limits_lets_everybody_through(gate: MakeGate) -> None:
    free = gate(RULES)

    answers = await asyncio.gather(*(free.enter(a_config(), 1_000_000) for _ in range(300)))

    assert all(isinstance(answer, Permit) for answer in answers)


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


async def test_a_limit_that_is_changed_holds_from_the_next_call(gate: MakeGate) -> None:
    narrow = gate(RULES)
    await let_through(narrow, a_config(max_concurrency=1))

    await let_through(narrow, a_config(max_concurrency=2))


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
