"""When calls to a config are held back because its provider is in trouble.

closed ── failures in a row reach the threshold ──▶ open ── its time is over ──▶ half_open
   ▲                                                 ▲                             │ │
   └────────── enough probes succeeded ──────────────┼─────────────────────────────┘ │
                                                     └────────── one fails ──────────┘
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed

PROBE_WAIT: Final = 1.0
"""Seconds after which it is worth asking again while all probes of a half-open breaker are under way."""


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Verdict(StrEnum):
    """What a call says about its provider; `neutral` says nothing, because the fault was not the provider's."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


_PROVIDERS_FAULT: Final = frozenset(
    {
        FailureCode.TIMEOUT,
        FailureCode.CONNECTION_FAILED,
        FailureCode.SERVER_ERROR,
        FailureCode.OVERLOADED,
        FailureCode.STREAM_CUT,
        FailureCode.MALFORMED_RESPONSE,
    }
)


def verdict_on(failed: ModelCallFailed) -> Verdict:
    """A limited rate is a provider in good health, and a wrong key or prompt is the caller's own fault."""
    return Verdict.FAILURE if failed.failure in _PROVIDERS_FAULT else Verdict.NEUTRAL


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRules:
    """`timeout` is in seconds; `success_threshold` is also how many probes run at a time."""

    failure_threshold: int = 5
    success_threshold: int = 2
    timeout: float = 60.0


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Times are in seconds of any one clock. `epoch` counts the changes of state, so that a call which began
    before the last one is known by its epoch and counts no more. `probes` holds each probe's time to expire.
    """

    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    successes: int = 0
    epoch: int = 0
    opened_at: float | None = None
    retry_at: float | None = None
    probes: dict[str, float] = field(default_factory=dict)

    def wait(self, rules: BreakerRules, now: float) -> float | None:
        """Seconds after which a call may be let through; None when one may pass now."""
        self._advance(now)
        if self.state is BreakerState.CLOSED:
            return None
        if self.state is BreakerState.OPEN and self.retry_at is not None:
            return self.retry_at - now
        self.probes = {probe: expires for probe, expires in self.probes.items() if expires > now}
        return None if len(self.probes) < rules.success_threshold else PROBE_WAIT

    def begin(self, call: str, *, expires: float) -> bool:
        """Whether the call that passes is a probe."""
        if self.state is not BreakerState.HALF_OPEN:
            return False
        self.probes[call] = expires
        return True

    def end(self, call: str, *, epoch: int, verdict: Verdict, rules: BreakerRules, now: float) -> None:
        self.probes.pop(call, None)
        if epoch != self.epoch:
            return
        if verdict is Verdict.FAILURE:
            self.failures += 1
            if self.state is BreakerState.HALF_OPEN or self.failures >= rules.failure_threshold:
                self._open(now, now + rules.timeout)
        elif verdict is Verdict.SUCCESS and self.state is BreakerState.HALF_OPEN:
            self.successes += 1
            if self.successes >= rules.success_threshold:
                self.close()
        elif verdict is Verdict.SUCCESS:
            self.failures = 0

    def close(self) -> None:
        """Calls pass again, and what was counted is forgotten."""
        self._turn(BreakerState.CLOSED)
        self.failures = 0
        self.opened_at = self.retry_at = None

    def state_at(self, now: float) -> BreakerState:
        """An open breaker whose time is over lets the next call through: it is half open."""
        self._advance(now)
        return self.state

    def _advance(self, now: float) -> None:
        if self.state is BreakerState.OPEN and self.retry_at is not None and now >= self.retry_at:
            self._turn(BreakerState.HALF_OPEN)
            self.retry_at = None

    def _open(self, now: float, until: float) -> None:
        self._turn(BreakerState.OPEN)
        self.opened_at, self.retry_at = now, until

    def _turn(self, state: BreakerState) -> None:
        self.state = state
        self.epoch += 1
        self.successes = 0
        self.probes = {}
