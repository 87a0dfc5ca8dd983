"""What workers wrote down during a storm: whom their gates let in, what they heard, and what they told each other.

The order of lines in one worker's log is the order in which things happened to it, however slow the machine is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class LetIn:
    """A call that a worker's gate let in: `at` by the worker's clock, `shared_at` by Redis', if that was asked.

    `line` is its place in the worker's log, `request` the id that its job came with.
    """

    line: int
    request: str
    at: float
    shared_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A provider's wish to be left alone as it reached a worker; `until` by the worker's clock."""

    line: int
    request: str
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A wish that a worker told the others through Redis: from when until when, by Redis' clock."""

    line: int
    since: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A worker from its start to its end. `alone` are the spells without Redis: first line, moment, last line."""

    let_in: Sequence[LetIn] = ()
    heard: Sequence[Heard] = ()
    shared: Sequence[Shared] = ()
    alone: Sequence[tuple[int, float, float]] = ()
    killed: bool = False

    @classmethod
    def of(cls, lines: Sequence[Mapping[str, Any]], *, killed: bool = False) -> Self:
        told = _Told()
        for number, line in enumerate(lines):
            told.read(number, line)
        return cls(let_in=told.let_in, heard=told.heard, shared=told.shared, alone=told.alone, killed=killed)

    def was_alone(self, heard: Heard) -> bool:
        """Whether Redis was out of reach when the wish was heard, or before the wish was over."""
        return any(since < heard.until and heard.line < last for _, since, last in self.alone)

    def own_let_in(self, request: str, before: float) -> LetIn | None:
        """By which a call that was seen at a moment had come."""
        own = [one for one in self.let_in if one.request == request and one.at <= before]
        return own[-1] if own else None


@dataclass(slots=True)
class _Told:
    let_in: list[LetIn] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    alone: list[tuple[int, float, float]] = field(default_factory=list)

    def read(self, number: int, line: Mapping[str, Any]) -> None:
        match line["event"]:
            case "call_let_in":
                request, at, shared_at = line["request_id"], line["at"], line["shared_at"]
                self.let_in.append(LetIn(line=number, request=request, at=at, shared_at=shared_at))
            case "provider_wants_pause":
                self.heard.append(Heard(line=number, request=line["request_id"], until=line["until"]))
            case "pause_shared":
                self.shared.append(Shared(line=number, since=line["since"], until=line["until"]))
            case "gate_alone":
                since = datetime.fromisoformat(line["timestamp"]).timestamp()
                self.alone.append((number, since, float("inf")))
            case "gate_shared_again":
                first, since, _ = self.alone.pop()
                self.alone.append((first, since, number))
