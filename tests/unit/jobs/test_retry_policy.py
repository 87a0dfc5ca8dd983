"""When the next attempt may begin."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_platform.jobs.domain.retry import JITTER, RetryPolicy
from tests.unit.jobs.builders import NOON, POLICY

NO_LUCK = 0.5
"""In the middle of the jitter."""

SECONDS = st.floats(0.001, 86_400)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def next_at(policy: RetryPolicy, failures: int, *, wanted: float | None = None, luck: float = NO_LUCK) -> datetime:
    return policy.next_attempt_at(now=NOON, failures=failures, wanted=wanted, luck=luck)


@pytest.mark.parametrize(("failures", "seconds"), [(0, 5), (1, 10), (2, 20), (3, 40), (6, 300), (7, 300), (10, 300)])
def test_each_delay_is_twice_the_last_up_to_the_longest(failures: int, seconds: float) -> None:
    assert next_at(RetryPolicy(shortest=5, longest=300), failures) == after(seconds)


@pytest.mark.parametrize(("luck", "seconds"), [(0.0, 9.0), (0.25, 9.5), (0.5, 10.0), (0.75, 10.5)])
def test_luck_moves_a_delay_by_a_tenth_either_way(luck: float, seconds: float) -> None:
    assert next_at(RetryPolicy(shortest=10, longest=300), 0, luck=luck) == after(seconds)


@settings(max_examples=50)
@given(shortest=SECONDS, longest=SECONDS, failures=st.integers(0, 10), luck=st.floats(0, 1, exclude_max=True))
def test_without_a_wish_a_delay_stays_within_a_tenth_of_its_step(
    shortest: float, longest: float, failures: int, luck: float
) -> None:
    step = min(longest, shortest * 2**failures)
    at = next_at(RetryPolicy(shortest=shortest, longest=longest), failures, luck=luck)
    grain = timedelta(microseconds=1)
    assert after(step * (1 - JITTER)) - grain <= at <= after(step * (1 + JITTER)) + grain


@settings(max_examples=50)
@given(wanted=st.floats(0, 86_400), failures=st.integers(0, 10), luck=st.floats(0, 1, exclude_max=True))
def test_a_provider_is_never_called_before_the_time_it_asked_for(wanted: float, failures: int, luck: float) -> None:
    policy = RetryPolicy(shortest=5, longest=300)
    at = next_at(policy, failures, wanted=wanted, luck=luck)
    assert at == max(after(wanted), next_at(policy, failures, luck=luck))


def test_a_wish_beyond_the_longest_delay_is_granted_to_the_second() -> None:
    assert next_at(RetryPolicy(shortest=5, longest=300), 0, wanted=3600, luck=0.9) == after(3600)


def test_a_wish_shorter_than_the_backoff_does_not_shorten_it() -> None:
    assert next_at(RetryPolicy(shortest=5, longest=300), 2, wanted=1) == after(20)


def test_no_delay_at_all_is_possible() -> None:
    assert next_at(RetryPolicy(shortest=0, longest=0), 5, luck=0.99) == NOON


@pytest.mark.parametrize(
    ("waited", "wanted", "luck", "seconds"),
    [
        (0, None, 0.0, 1.0),
        (0, 0.2, 0.0, 1.0),
        (0, 30.0, 0.0, 30.0),
        (0, 30.0, 0.5, 37.5),
        (20, None, 0.0, 10.0),
        (86_000, None, 0.0, 60.0),
        (86_000, 600.0, 0.0, 600.0),
    ],
)
def test_a_parked_job_asks_ever_more_rarely_and_never_before_it_may(
    waited: float, wanted: float | None, luck: float, seconds: float
) -> None:
    at = POLICY.parked_until(now=NOON, since=NOON - timedelta(seconds=waited), wanted=wanted, luck=luck)
    assert at == NOON + timedelta(seconds=seconds)
