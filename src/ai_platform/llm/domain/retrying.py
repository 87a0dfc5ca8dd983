"""Whether a failed call is tried again, when, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed

LONGEST_WAIT_HERE: Final = 5.0
"""Seconds. Who has to wait longer gives up its place in the worker and is asked for again later."""

JITTER: Final = 0.1

_ELSEWHERE: Final = frozenset(
    {
        FailureCode.AUTH_FAILED,
        FailureCode.PERMISSION_DENIED,
        FailureCode.MODEL_NOT_FOUND,
        FailureCode.SPEND_LIMIT,
        FailureCode.KEY_MISSING,
        FailureCode.PROVIDER_MISSING,
        FailureCode.CONTEXT_TOO_LONG,
    }
)
_NEVER_SENT: Final = frozenset(
    {
        FailureCode.KEY_MISSING,
        FailureCode.PROVIDER_MISSING,
        FailureCode.BREAKER_OPEN,
        FailureCode.LIMIT_REACHED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """`max_retries` counts calls after the first; delays are in seconds and double each time."""

    max_retries: int = 3
    initial_delay: float = 1.0
    max_delay: float = 60.0

    def delay(self, retries: int, wish: float | None, chance: float) -> float:
        """Seconds before the next call after `retries` of them; `chance` is 0 to 1.

        A provider's wish to wait is never undercut, and nobody comes back to the very second with all the others.
        """
        backoff = min(self.initial_delay * 2.0 ** min(retries, 64), self.max_delay)
        spread = backoff * (1 - JITTER + 2 * JITTER * chance)
        return spread if wish is None else max(spread, wish * (1 + JITTER * chance))


@dataclass(slots=True)
class RetryBudget:
    """Retries are a share of the calls: a provider that fails for everybody is not asked four times by everybody."""

    MOST = 100.0
    DEPOSIT = 0.2
    COST = 1.0

    balance: float = MOST

    def deposit(self) -> None:
        self.balance = min(self.balance + self.DEPOSIT, self.MOST)

    def spend(self) -> bool:
        """Whether there was enough left for a retry."""
        if self.balance < self.COST:
            return False
        self.balance -= self.COST
        return True


def is_free(failed: ModelCallFailed) -> bool:
    """A limited rate that names its end costs no budget: everybody waits for it anyway."""
    return failed.failure is FailureCode.RATE_LIMITED and failed.retry_after is not None


def may_work_elsewhere(failed: ModelCallFailed) -> bool:
    """Another config may answer where this one's key, model or provider is at fault; the prompt stays the same."""
    return failed.retryable or failed.failure in _ELSEWHERE


def reached_the_wire(failed: ModelCallFailed) -> bool:
    return not failed.untried and failed.failure not in _NEVER_SENT


def summed_up(failures: Sequence[ModelCallFailed], *, tried: bool) -> ModelCallFailed:
    """What is told when neither the config nor its fallbacks answered: the first failure that may pass.

    It may be tried again as soon as any of the configs may be. `tried` says that some model was called.
    """
    passing = [failed for failed in failures if failed.retryable]
    if not passing:
        return failures[0]
    told = passing[0]
    waits = [failed.retry_after or 0.0 for failed in passing]
    return ModelCallFailed(
        told.failure, told.detail, retry_after=min(waits) or None, untried=told.untried and not tried
    )
