"""Calls that a limit holds back for a moment wait in line, first come, first served; the line is short."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ai_platform.llm.application.ports import Gate
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import Outcome, Permit, Reason, Refused
from ai_platform.llm.domain.retrying import LONGEST_WAIT_HERE

LEAST_IN_LINE: Final = 16
"""So many may always wait; a config whose calls run side by side may have two waiting for each."""

_FIRST_PACE: Final = 0.1
_SPREAD: Final = 1.0
_LONGEST_PARKED: Final = 60.0


@dataclass(slots=True)
class _Line:
    """`pace` is the time between two calls that ended, in seconds: it tells those turned away when to come back."""

    waiting: deque[asyncio.Event] = field(default_factory=deque)
    parked: deque[float] = field(default_factory=deque)
    pace: float = _FIRST_PACE
    ended_at: float | None = None

    def call_first(self) -> None:
        if self.waiting:
            self.waiting[0].set()

    def end_one(self, now: float) -> None:
        if self.ended_at is not None:
            self.pace += 0.2 * (min(now - self.ended_at, _LONGEST_PARKED) - self.pace)
        self.ended_at = now

    def park(self, now: float, chance: float) -> float:
        """Seconds until it is this one's turn, at the pace so far and behind all who were turned away before."""
        while self.parked and self.parked[0] <= now:
            self.parked.popleft()
        turn = (len(self.waiting) + len(self.parked) + 1) * self.pace * (0.75 + 0.5 * chance)
        seconds = min(max(turn, 0.5 + chance), _LONGEST_PARKED * (0.75 + 0.25 * chance))
        self.parked.append(now + seconds)
        return seconds


@dataclass(slots=True)
class Turnstile:
    """`clock` is the event loop's, in seconds; `chance` gives numbers from 0 to 1."""

    gate: Gate
    clock: Callable[[], float]
    chance: Callable[[], float]
    _lines: dict[str, _Line] = field(default_factory=dict)

    async def enter(self, config: LLMConfig, tokens: int, *, deadline: float | None) -> Permit | Refused:
        """Waits five seconds at most, and not beyond `deadline`, for a limit; for a breaker it does not wait."""
        line = self._lines.setdefault(config.name, _Line())
        refused: Refused | None = None
        if not line.waiting:
            answer = await self.gate.enter(config, tokens)
            if isinstance(answer, Permit):
                return answer
            refused = answer
        until = self.clock() + LONGEST_WAIT_HERE
        until = until if deadline is None else min(until, deadline)
        if refused is not None and not self._is_worth_waiting(refused, until):
            return self._turned_away(line, refused)
        if len(line.waiting) >= max(LEAST_IN_LINE, 2 * (config.max_concurrency or 0)):
            return self._turned_away(line, refused)
        return await self._wait(line, config, tokens=tokens, until=until, refused=refused)

    def leave(self, permit: Permit, outcome: Outcome) -> None:
        self.gate.leave(permit, outcome)
        line = self._lines.get(permit.config_name)
        if line is not None:
            line.end_one(self.clock())
            line.call_first()

    async def _wait(
        self, line: _Line, config: LLMConfig, *, tokens: int, until: float, refused: Refused | None
    ) -> Permit | Refused:
        called = asyncio.Event()
        line.waiting.append(called)
        try:
            while True:
                is_first = line.waiting[0] is called
                pause = refused.retry_after if is_first and refused is not None else until - self.clock()
                if not is_first or refused is not None:
                    await self._called_within(called, min(pause, until - self.clock()))
                called.clear()
                if line.waiting[0] is called:
                    answer = await self.gate.enter(config, tokens)
                    if isinstance(answer, Permit):
                        return answer
                    refused = answer
                if self.clock() >= until or (refused is not None and not self._is_worth_waiting(refused, until)):
                    return self._turned_away(line, refused)
        finally:
            line.waiting.remove(called)
            line.call_first()

    async def _called_within(self, called: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await called.wait()
        except TimeoutError:
            return

    def _is_worth_waiting(self, refused: Refused, until: float) -> bool:
        return refused.reason is not Reason.BREAKER_OPEN and self.clock() + refused.retry_after <= until

    def _turned_away(self, line: _Line, refused: Refused | None) -> Refused:
        if refused is not None and refused.reason is Reason.BREAKER_OPEN:
            return refused
        if refused is not None and refused.reason is not Reason.CONCURRENCY:
            # Not all at the same moment, or the provider has to ask for its next pause at once.
            return Refused(refused.reason, refused.retry_after + self.chance() * _SPREAD)
        return Refused(Reason.CONCURRENCY, line.park(self.clock(), self.chance()))
