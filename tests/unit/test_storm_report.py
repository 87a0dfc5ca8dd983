"""The judge of a storm sees what it must see."""

from tests.chaos.storm_report import Blind, calls_in_spite_of_retry_after, calls_made_twice_at_once
from tests.twins.llm_records import Record


def a_call(began: float, ended: float, **changes: object) -> Record:
    fields = {"model": "m", "prompt": "p", "status": 200} | changes
    return Record(began=began, ended=ended, **fields)  # type: ignore[arg-type]


REFUSED = a_call(9.9, 10.0, status=429, retry_after=2.0)


def seen(*calls: Record, blind: tuple[Blind, ...] = ()) -> list[Record]:
    return [call for call, _ in calls_in_spite_of_retry_after([REFUSED, *calls], blind)]


def test_a_call_within_the_announced_time_is_seen() -> None:
    impatient = a_call(11.0, 11.1)
    assert seen(impatient) == [impatient]


def test_calls_on_their_way_and_after_it_are_fine() -> None:
    assert seen(a_call(9.5, 12.0), a_call(10.1, 10.5), a_call(12.0, 12.5)) == []


def test_another_model_has_announced_nothing() -> None:
    assert seen(a_call(11.0, 11.1, model="other")) == []


def test_what_could_not_be_known_is_forgiven() -> None:
    assert seen(a_call(11.0, 11.1), blind=(Blind(10.9, 11.2),)) == []
    assert seen(a_call(11.0, 11.1), blind=(Blind(9.9, 10.1),)) == []


def test_two_calls_of_one_prompt_at_once_are_seen() -> None:
    assert len(calls_made_twice_at_once([a_call(1.0, 3.0), a_call(2.0, 4.0)])) == 1


def test_one_call_after_the_other_is_fine() -> None:
    assert calls_made_twice_at_once([a_call(1.0, 2.0), a_call(2.0, 3.0), a_call(1.5, 2.5, prompt="other")]) == []
