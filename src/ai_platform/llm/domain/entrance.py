"""Whether a call to a config may begin now: its breaker, its provider's wish to be left alone, and its limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ai_platform.llm.domain.breaker import Breaker, BreakerRules, Verdict
from ai_platform.llm.domain.calls import Message
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.window import SlidingWindow

LEASE_SECONDS: Final = 8.0
"""A slot or a probe of a worker that died is free again after so long."""

SLOT_WAIT: Final = 0.25
"""Seconds after which it is worth asking again for a slot: nobody knows when a call ends."""

_LETTERS_A_TOKEN: Final = 4
_ANSWER_SHARE: Final = 4
_ANSWER_MOST: Final = 1024


class Reason(StrEnum):
    """Why a call may not begin."""

    BREAKER_OPEN = "breaker_open"
    PAUSED = "paused"
    CONCURRENCY = "concurrency"
    REQUESTS = "requests"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Refused:
    """`retry_after` in seconds is the soonest time at which the same call may pass."""

    reason: Reason
    retry_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """One call that may begin. `tokens` were reserved in `second`; a slot or a probe is held until it is given back."""

    id: str
    config_name: str
    epoch: int = 0
    is_probe: bool = False
    has_slot: bool = False
    second: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: `pause` is the provider's wish to be left alone, in seconds; `tokens` None is unknown."""

    verdict: Verdict
    pause: float | None = None
    tokens: int | None = None


NOTHING_HAPPENED: Final = Outcome(Verdict.NEUTRAL, tokens=0)


def estimate(messages: Sequence[Message], config: LLMConfig) -> int:
    """Tokens that a call will probably take: four letters each, and a bounded share of the longest answer."""
    letters = sum(len(message.content) for message in messages)
    return letters // _LETTERS_A_TOKEN + 1 + min(config.max_tokens // _ANSWER_SHARE, _ANSWER_MOST)


def reserved(tokens: int, config: LLMConfig) -> int:
    """No call reserves more than the whole limit, or it could never begin."""
    return 0 if config.tokens_per_minute is None else min(max(tokens, 0), config.tokens_per_minute)


@dataclass(slots=True)
class Entrance:
    """The state of one config's gate, as one process knows it. Times are in seconds of any one clock."""

    breaker: Breaker = field(default_factory=Breaker)
    paused_until: float = 0.0
    slots: set[str] = field(default_factory=set)
    requests: SlidingWindow = field(default_factory=SlidingWindow)
    tokens: SlidingWindow = field(default_factory=SlidingWindow)

    def admit(self, call: str, config: LLMConfig, *, tokens: int, rules: BreakerRules, now: float) -> Permit | Refused:
        refused = self._refusal(config, tokens=tokens, rules=rules, now=now)
        if refused is not None:
            return refused
        permit = Permit(
            id=call,
            config_name=config.name,
            epoch=self.breaker.epoch,
            is_probe=self.breaker.begin(call, expires=now + LEASE_SECONDS),
            has_slot=config.max_concurrency is not None,
            second=int(now),
            tokens=reserved(tokens, config),
        )
        self._spend(permit, config, now)
        return permit

    def note(self, permit: Permit, config: LLMConfig, now: float) -> None:
        """Somebody else let this call pass: it counts here, too."""
        if permit.is_probe and permit.epoch == self.breaker.epoch:
            self.breaker.begin(permit.id, expires=now + LEASE_SECONDS)
        self._spend(permit, config, now)

    def end(self, permit: Permit, outcome: Outcome, *, rules: BreakerRules, now: float) -> None:
        self.slots.discard(permit.id)
        self.breaker.end(permit.id, epoch=permit.epoch, verdict=outcome.verdict, rules=rules, now=now)
        if outcome.pause is not None:
            self.paused_until = max(self.paused_until, now + outcome.pause)
        if outcome.tokens is not None and permit.tokens:
            self.tokens.correct(permit.second, outcome.tokens - permit.tokens)

    def _spend(self, permit: Permit, config: LLMConfig, now: float) -> None:
        if permit.has_slot:
            self.slots.add(permit.id)
        if config.requests_per_minute is not None:
            self.requests.add(1, now)
        if permit.tokens:
            self.tokens.add(permit.tokens, now)

    def _refusal(self, config: LLMConfig, *, tokens: int, rules: BreakerRules, now: float) -> Refused | None:
        broken = self.breaker.wait(rules, now)
        if broken is not None:
            return Refused(Reason.BREAKER_OPEN, max(broken, 0.0))
        if self.paused_until > now:
            return Refused(Reason.PAUSED, self.paused_until - now)
        if config.max_concurrency is not None and len(self.slots) >= config.max_concurrency:
            return Refused(Reason.CONCURRENCY, SLOT_WAIT)
        limits = (
            (Reason.REQUESTS, self.requests, 1, config.requests_per_minute),
            (Reason.TOKENS, self.tokens, reserved(tokens, config), config.tokens_per_minute),
        )
        for reason, window, amount, limit in limits:
            wait = window.wait(amount, limit, now) if limit is not None else 0.0
            if wait > 0:
                return Refused(reason, wait)
        return None
