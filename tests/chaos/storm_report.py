"""What became of a storm: the rules that its calls must have kept, and its figures."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from tests.chaos.ordeal import MEASURED
from tests.twins.llm_records import Record

GRACE: Final = 0.15
"""Seconds in which a call that was on its way may still arrive after an announcement was sent."""

_CLOSING: Final = 0.05
"""Seconds that the end of a call which its caller leaves may take to be seen."""


@dataclass(frozen=True, slots=True)
class Blind:
    """A time in which workers could not tell each other what they had heard."""

    began: float
    ended: float

    def __contains__(self, moment: float | None) -> bool:
        return moment is not None and self.began <= moment <= self.ended


def calls_in_spite_of_retry_after(records: Sequence[Record], blind: Sequence[Blind]) -> list[tuple[Record, float]]:
    """Calls that began while their model had asked for patience, with the seconds since it had."""
    refusals = [one for one in records if _was_heard(one) and not any(one.ended in dark for dark in blind)]
    seeing = (call for call in records if not any(call.began in dark for dark in blind))
    since = ((call, max((_seconds_into(one, call) for one in refusals), default=0.0)) for call in seeing)
    return [(call, seconds) for call, seconds in since if seconds > GRACE]


def _was_heard(record: Record) -> bool:
    return record.retry_after is not None and record.ended is not None and not record.left


def _seconds_into(refusal: Record, call: Record) -> float:
    """How far into the announced time the call began; 0 outside of it."""
    told, wait = refusal.ended or 0.0, refusal.retry_after or 0.0
    within = call.model == refusal.model and told < call.began < told + wait - _CLOSING
    return call.began - told if within else 0.0


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


def figures(records: Sequence[Record], *, jobs: int, retries: int, claims: int, seconds: float) -> dict[str, str]:
    """`retries` are those of jobs, `claims` how often a worker took one in hand."""
    statuses = [record.status for record in records]
    return {
        "jobs, each with its own answer": str(jobs),
        "calls": str(len(records)),
        "429 with Retry-After": str(statuses.count(429)),
        "500": str(statuses.count(500)),
        "hung until the caller left": str(sum(record.status == 0 for record in records)),
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
