"""The gate of one process. Behind Redis it is what a worker goes on with while Redis is away."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ai_platform.llm.application.ports import BreakerSeen
from ai_platform.llm.domain.breaker import BreakerRules
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import Entrance, Outcome, Permit, Refused


@dataclass(slots=True)
class LocalGate:
    """Implements `ports.Gate` and `ports.Breakers`. `clock` is in seconds since 1970."""

    rules: BreakerRules
    clock: Callable[[], float] = time.time
    _entrances: dict[str, Entrance] = field(default_factory=dict)

    async def enter(self, config: LLMConfig, tokens: int) -> Permit | Refused:
        return self.admit(new_call(), config, tokens)

    def leave(self, permit: Permit, outcome: Outcome) -> None:
        self.at(permit.config_name).end(permit, outcome, rules=self.rules, now=self.clock())

    async def show(self, names: Sequence[str]) -> Sequence[BreakerSeen]:
        return self.seen(names)

    async def reset(self, name: str) -> None:
        self.at(name).breaker.close()

    async def close(self) -> None:
        self._entrances.clear()

    def seen(self, names: Sequence[str]) -> Sequence[BreakerSeen]:
        return [self._seen(name) for name in names]

    def admit(self, call: str, config: LLMConfig, tokens: int) -> Permit | Refused:
        return self.at(config.name).admit(call, config, tokens=tokens, rules=self.rules, now=self.clock())

    def is_paused(self, name: str) -> bool:
        """Whether its provider wants to be left alone, as far as this process has heard."""
        return self.at(name).paused_until > self.clock()

    def pauses(self) -> dict[str, float]:
        """How many seconds each provider that wants to be left alone is still to be."""
        now = self.clock()
        left = {name: entrance.paused_until - now for name, entrance in self._entrances.items()}
        return {name: seconds for name, seconds in left.items() if seconds > 0}

    def at(self, name: str) -> Entrance:
        return self._entrances.setdefault(name, Entrance())

    def _seen(self, name: str) -> BreakerSeen:
        breaker = self.at(name).breaker
        return BreakerSeen(
            name=name,
            state=breaker.state_at(self.clock()),
            failures=breaker.failures,
            opened_at=moment(breaker.opened_at),
            retry_at=moment(breaker.retry_at),
        )


def new_call() -> str:
    return uuid.uuid4().hex


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
