"""In no minute is more spent than the limit, wherever the minute begins."""

from hypothesis import given
from hypothesis import strategies as st

from ai_platform.llm.domain.window import SlidingWindow

_STEPS = st.lists(st.tuples(st.floats(0, 40), st.integers(1, 5)), max_size=60)


@given(steps=_STEPS)
def test_no_minute_holds_more_than_the_limit(steps: list[tuple[float, int]]) -> None:
    window, now, spent = SlidingWindow(), 1000.0, []
    for pause, amount in steps:
        now += pause
        if window.wait(amount, 10, now) == 0:
            window.add(amount, now)
            spent.append((now, amount))

    for start, _ in spent:
        assert sum(amount for at, amount in spent if start <= at <= start + 60) <= 10


@given(steps=_STEPS, amount=st.integers(1, 10))
def test_after_the_wait_it_fits(steps: list[tuple[float, int]], amount: int) -> None:
    window, now = SlidingWindow(), 1000.0
    for pause, spent in steps:
        now += pause
        if window.wait(spent, 10, now) == 0:
            window.add(spent, now)

    wait = window.wait(amount, 10, now)

    assert window.wait(amount, 10, now + wait) == 0


def test_a_correction_of_a_forgotten_second_changes_nothing() -> None:
    window = SlidingWindow()
    second = window.add(5, 1000.0)
    window.wait(1, 10, 1100.0)

    window.correct(second, 5)

    assert window.wait(10, 10, 1100.0) == 0
