"""The judge of a storm sees what it must see, and forgives what nobody could know."""

from collections.abc import Sequence
from typing import Any

from tests.chaos import storm_report as report
from tests.chaos.storm_log import Life
from tests.twins.llm_records import Record

REQUESTS = {"p": "request-p", "q": "request-q"}
Line = dict[str, Any]


def a_call(began: float, ended: float, **changes: Any) -> Record:
    return Record(**{"model": "m", "prompt": "p", "status": 200, "began": began, "ended": ended, **changes})


def let_in(at: float, request: str = "request-p", *, shared_at: float | None = None) -> Line:
    return {"event": "call_let_in", "config": "c", "request_id": request, "at": at, "shared_at": shared_at}


def heard(until: float, request: str = "request-p") -> Line:
    return {"event": "provider_wants_pause", "config": "c", "request_id": request, "until": until}


def shared(since: float, until: float) -> Line:
    return {"event": "pause_shared", "config": "c", "since": since, "until": until}


def lost_redis(second: int) -> Line:
    return {"event": "gate_alone", "timestamp": f"1970-01-01T00:00:{second:02}Z"}


FOUND_REDIS = {"event": "gate_shared_again", "timestamp": "1970-01-01T00:00:50Z"}
REFUSED = a_call(9.9, 10.0, status=429, retry_after=2.0)


def a_life(*lines: Line, killed: bool = False) -> list[Life]:
    return [Life.of(lines, killed=killed)]


def in_spite_of_what_was_heard(*lines: Line) -> Sequence[float]:
    return [call.at for call in report.calls_in_spite_of_what_was_heard(a_life(*lines))]


def in_spite_of_what_was_shared(*lives: Life, forgotten: Sequence[float] = ()) -> Sequence[float | None]:
    return [call.shared_at for call in report.calls_in_spite_of_what_was_shared(lives, forgotten=forgotten)]


def test_a_call_that_a_worker_lets_in_before_a_wish_it_heard_is_over_is_seen() -> None:
    assert in_spite_of_what_was_heard(heard(12.0), let_in(11.999)) == [11.999]


def test_a_call_that_was_on_its_way_when_the_wish_was_heard_is_fine_however_late_that_was() -> None:
    assert in_spite_of_what_was_heard(let_in(11.0), heard(12.0), let_in(12.0)) == []


def test_a_call_that_redis_lets_in_before_a_wish_of_another_worker_is_over_is_seen() -> None:
    mine, yours = Life.of([shared(10.0, 12.0)]), Life.of([let_in(10.6, shared_at=10.5)])
    assert in_spite_of_what_was_shared(mine, yours) == [10.5]


def test_what_redis_let_in_before_it_knew_and_after_the_wish_is_fine() -> None:
    yours = Life.of([let_in(10.6, shared_at=9.9), let_in(12.1, shared_at=12.1), let_in(11.0)])
    assert in_spite_of_what_was_shared(Life.of([shared(10.0, 12.0)]), yours) == []


def test_what_redis_forgot_when_it_died_counts_from_when_it_is_told_again() -> None:
    mine = Life.of([shared(10.0, 12.0), shared(10.9, 12.0)])
    yours = Life.of([let_in(10.8, shared_at=10.8), let_in(11.0, shared_at=11.0)])
    assert in_spite_of_what_was_shared(mine, yours, forgotten=[10.5]) == [11.0]


def test_a_call_that_no_gate_let_in_is_seen() -> None:
    call = a_call(5.0, 5.1)
    assert report.calls_past_the_gate([call], a_life(let_in(4.9, "request-q"), let_in(5.05)), REQUESTS) == [call]


def test_two_calls_by_one_permit_are_seen() -> None:
    calls = [a_call(5.0, 5.1), a_call(5.2, 5.3)]
    assert report.calls_past_the_gate(calls, a_life(let_in(4.9)), REQUESTS) == calls
    assert report.calls_past_the_gate(calls, a_life(let_in(4.9), let_in(5.15)), REQUESTS) == []


def test_a_wish_that_was_not_noted_is_seen() -> None:
    assert report.wishes_unheard([REFUSED], a_life(let_in(9.8), let_in(12.5)), REQUESTS) == [REFUSED]
    assert report.wishes_unheard([REFUSED], a_life(let_in(9.8), let_in(12.5), heard(14.5)), REQUESTS) == [REFUSED]


def test_a_wish_that_was_noted_for_a_shorter_time_is_seen() -> None:
    assert report.wishes_unheard([REFUSED], a_life(let_in(9.8), heard(11.5)), REQUESTS) == [REFUSED]
    assert report.wishes_unheard([REFUSED], a_life(let_in(9.8), heard(12.3)), REQUESTS) == []


def test_what_a_worker_was_told_in_the_moment_of_its_death_is_forgiven() -> None:
    assert report.wishes_unheard([REFUSED], a_life(let_in(9.8), killed=True), REQUESTS) == []
    assert report.wishes_unheard([REFUSED], a_life(let_in(9.8), let_in(12.5), killed=True), REQUESTS) == [REFUSED]


def test_a_wish_that_was_not_shared_is_seen() -> None:
    assert len(report.wishes_kept_to_oneself(a_life(shared(9.0, 13.0), heard(12.0)))) == 1
    assert len(report.wishes_kept_to_oneself(a_life(heard(12.0), shared(10.0, 11.0)))) == 1
    assert report.wishes_kept_to_oneself(a_life(heard(12.0), shared(10.0, 12.0))) == []


def test_what_a_worker_did_not_come_to_share_before_its_death_is_forgiven() -> None:
    lines = (heard(12.0), heard(13.0), shared(10.0, 12.0))
    assert report.wishes_kept_to_oneself(a_life(*lines, killed=True)) == []
    assert [one.until for one in report.wishes_kept_to_oneself(a_life(*lines))] == [13.0]
    assert len(report.wishes_kept_to_oneself(a_life(*lines, shared(10.1, 12.5), killed=True))) == 1


def test_without_redis_nobody_can_share() -> None:
    assert report.wishes_kept_to_oneself(a_life(lost_redis(9), heard(12.0), FOUND_REDIS)) == []
    assert report.wishes_kept_to_oneself(a_life(heard(12.0), lost_redis(11))) == []
    assert len(report.wishes_kept_to_oneself(a_life(heard(12.0), lost_redis(13)))) == 1
    assert len(report.wishes_kept_to_oneself(a_life(lost_redis(9), FOUND_REDIS, heard(12.0)))) == 1


def test_calls_on_their_way_are_counted_with_their_time() -> None:
    late = report.calls_on_their_way([REFUSED, a_call(10.25, 11.0), a_call(12.5, 13.0), a_call(11.0, 11.5, model="n")])
    assert late == [0.25]


def test_two_calls_of_one_prompt_at_once_are_seen() -> None:
    assert len(report.calls_made_twice_at_once([a_call(1.0, 3.0), a_call(2.0, 4.0)])) == 1


def test_one_call_after_the_other_is_fine() -> None:
    calls = [a_call(1.0, 2.0), a_call(2.0, 3.0), a_call(1.5, 2.5, prompt="other")]
    assert report.calls_made_twice_at_once(calls) == []
