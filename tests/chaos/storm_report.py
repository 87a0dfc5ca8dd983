"""What became of a storm: the rules that its calls must have kept, and its figures.

Nobody can obey a wish before hearing it: a call may be on its way while the provider says "not now", and the slower
the machine, the more calls are. So none of the rules has a grace in seconds. They ask what a worker *knew*:

1. every call that the provider saw was let in by a gate, each by a permit of its own;
2. every wish that the provider uttered was heard by the worker that had asked, in its full length;
3. what a worker heard it shared with the others, unless Redis was out of reach;
4. no worker let a call in before a wish was over that it had heard, by the order of its own log;
5. no worker let a call in before a wish was over that any had shared, by the order of Redis.

What a worker heard in the moment of its death, and what Redis forgot in that of its own, nobody knew.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeAlias

from tests.chaos.storm_log import Heard, LetIn, Life, Shared
from tests.measured import MEASURED
from tests.twins.llm_records import Record

_CLOSING: Final = 0.05
"""Seconds that the end of a call which its caller leaves may take to be seen."""

_ROUNDING: Final = 0.001

Requests: TypeAlias = Mapping[str, str]
"""The ids of requests by their prompts."""


def calls_past_the_gate(records: Sequence[Record], lives: Sequence[Life], requests: Requests) -> list[Record]:
    """Calls that no gate let in, or that came by another call's permit."""
    came_by = [_let_in(record, lives, requests) for record in records]
    permits = [(id(life), one.line) for life, one in filter(None, came_by)]
    twice = {permit for permit in permits if permits.count(permit) > 1}
    return [
        record
        for record, found in zip(records, came_by, strict=True)
        if found is None or (id(found[0]), found[1].line) in twice
    ]


def wishes_unheard(records: Sequence[Record], lives: Sequence[Life], requests: Requests) -> list[Record]:
    """Wishes that the worker which had asked did not note, or for a shorter time."""
    uttered = [one for one in records if one.retry_after is not None and one.ended is not None and not one.left]
    return [one for one in uttered if not _was_heard(one, _let_in(one, lives, requests))]


def wishes_kept_to_oneself(lives: Sequence[Life]) -> list[Heard]:
    """Wishes that a worker did not share although it could. They are shared in the order in which they were heard,
    so it is the last ones that a killed worker did not come to share.
    """
    return [
        heard
        for life in lives
        for number, heard in enumerate(life.heard)
        if not any(one.line > heard.line and one.until > heard.until - _ROUNDING for one in life.shared)
        and not life.was_alone(heard)
        and not (life.killed and number >= len(life.shared))
    ]


def calls_in_spite_of_what_was_heard(lives: Sequence[Life]) -> list[LetIn]:
    return [
        call
        for life in lives
        for call in life.let_in
        if any(heard.line < call.line and call.at < heard.until for heard in life.heard)
    ]


def calls_in_spite_of_what_was_shared(lives: Sequence[Life], *, forgotten: Sequence[float] = ()) -> list[LetIn]:
    """`forgotten` are the moments at which Redis died, with all that it had been told."""
    known = [_remembered(one, forgotten) for life in lives for one in life.shared]
    asked = [(call, call.shared_at) for life in lives for call in life.let_in if call.shared_at is not None]
    return [call for call, at in asked if any(since < at < until for since, until in known)]


def calls_made_twice_at_once(records: Iterable[Record]) -> list[tuple[Record, Record]]:
    """Calls of one prompt that began before the one before had ended."""
    of_prompt: defaultdict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda one: one.began):
        of_prompt[record.prompt].append(record)
    return [
        (one, other)
        for calls in of_prompt.values()
        for one, other in pairwise(calls)
        if one.ended is None or other.began < one.ended - _CLOSING
    ]


def calls_on_their_way(records: Sequence[Record]) -> list[float]:
    """How many seconds after a wish was uttered each call came that had been let in before it was heard."""
    wishes = [(one.model, one.ended or 0.0, one.retry_after or 0.0) for one in records if one.retry_after]
    return list(_late(records, wishes))


def figures(records: Sequence[Record], *, jobs: int, retries: int, claims: int, seconds: float) -> dict[str, str]:
    """`retries` are those of jobs, `claims` how often a worker took one in hand."""
    statuses = [record.status for record in records]
    late = calls_on_their_way(records)
    return {
        "jobs, each with its own answer": str(jobs),
        "calls": str(len(records)),
        "429 with a time to wait": str(statuses.count(429)),
        "500": str(statuses.count(500)),
        "hung until the caller left": str(sum(record.status == 0 for record in records)),
        "on their way when a 429 was sent": str(len(late)),
        "the latest of these, seconds after it": f"{max(late, default=0.0):.2f}",
        "retries of calls in a worker, at least": str(max(0, len(records) - jobs - retries)),
        "retries of jobs": str(retries),
        "parked (taken in hand and given back free)": str(max(0, claims - jobs - retries)),
        "seconds": f"{seconds:.1f}",
    }


def tell(title: str, rows: Mapping[str, str]) -> None:
    """At the end of the run; as Markdown into the file that STORM_TABLE names, if it does."""
    width = max(map(len, rows))
    MEASURED.extend([title, *(f"  {name:<{width}}  {value:>7}" for name, value in rows.items())])
    if file := os.environ.get("STORM_TABLE"):
        lines = [f"| {title} | |", "|---|--:|", *(f"| {name} | {value} |" for name, value in rows.items())]
        Path(file).write_text("\n".join(lines) + "\n")


def _let_in(record: Record, lives: Sequence[Life], requests: Requests) -> tuple[Life, LetIn] | None:
    """The newest permit of its job: calls of one job follow one another."""
    found = [(life, one) for life in lives if (one := life.own_let_in(requests[record.prompt], record.began))]
    return max(found, key=lambda pair: pair[1].at, default=None)


def _was_heard(uttered: Record, came_by: tuple[Life, LetIn] | None) -> bool:
    if came_by is None:
        return False
    life, call = came_by
    later = [one.line for one in life.let_in if one.request == call.request and one.line > call.line]
    heard = [one for one in life.heard if one.request == call.request and one.line > call.line]
    if not heard:
        return life.killed and not later
    in_full = heard[0].until >= uttered.began + (uttered.retry_after or 0.0) - _ROUNDING
    return in_full and not any(line < heard[0].line for line in later)


def _remembered(shared: Shared, forgotten: Sequence[float]) -> tuple[float, float]:
    return shared.since, min([shared.until, *(moment for moment in forgotten if moment > shared.since)])


def _late(records: Sequence[Record], wishes: Sequence[tuple[str, float, float]]) -> Iterator[float]:
    for call in records:
        since = [call.began - at for model, at, wait in wishes if model == call.model and at < call.began < at + wait]
        if since:
            yield min(since)
