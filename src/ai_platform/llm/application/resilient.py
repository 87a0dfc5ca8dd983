"""A model is called again when it failed in passing, and another config is called when this one cannot answer."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from ai_platform.kernel.errors import Unavailable
from ai_platform.llm.application.ports import Answered, Catalogue, ChatModels
from ai_platform.llm.application.turnstile import Turnstile
from ai_platform.llm.domain import failures
from ai_platform.llm.domain.breaker import Verdict, verdict_on
from ai_platform.llm.domain.calls import Answer, Call, Message
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import NOTHING_HAPPENED, Outcome, Permit, Reason, Refused, estimate
from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed
from ai_platform.llm.domain.retrying import (
    LONGEST_WAIT_HERE,
    RetryBudget,
    RetryPolicy,
    is_free,
    may_work_elsewhere,
    reached_the_wire,
    summed_up,
)
from ai_platform.llm.domain.usable import objection


@dataclass(slots=True)
class _Course:
    """What happened so far on the way to one answer."""

    failures: list[ModelCallFailed] = field(default_factory=list)
    tried: bool = False


class _NextConfig(Exception):
    """The answer was of no use, and its config says not to ask this model again."""

    def __init__(self, failure: ModelCallFailed) -> None:
        self.failure = failure


@dataclass(slots=True, kw_only=True)
class ResilientModels:
    """Implements `ports.ReliableModels`. `clock` is the event loop's, in seconds; `chance` gives 0 to 1.

    The one retry authority: providers' packages never try again by themselves.
    """

    catalogue: Catalogue
    models: ChatModels
    turnstile: Turnstile
    policy: RetryPolicy
    clock: Callable[[], float]
    chance: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _budgets: dict[str, RetryBudget] = field(default_factory=dict)

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answered:
        course = _Course()
        seen = {config.name}
        names = deque(config.fallbacks)
        candidate: LLMConfig | None = config
        while candidate is not None:
            try:
                return Answered(await self._ask(candidate, messages, call, course=course), candidate)
            except _NextConfig as useless:
                failure = useless.failure
            except ModelCallFailed as failed:
                failure = failed
            course.failures.append(failure)
            if not may_work_elsewhere(failure) or self._is_late(call):
                break
            candidate = await self._next(names, seen)
        raise summed_up(course.failures, tried=course.tried)

    async def _next(self, names: deque[str], seen: set[str]) -> LLMConfig | None:
        """The next usable fallback, after which its own ones follow; each config is asked once."""
        while names:
            name = names.popleft()
            if name in seen:
                continue
            seen.add(name)
            fallback = await self._usable(name)
            if fallback is not None:
                names.extend(fallback.fallbacks)
                return fallback
        return None

    async def _usable(self, name: str) -> LLMConfig | None:
        try:
            config = await self.catalogue.config(name)
        except Unavailable:
            return None
        return config if config is not None and config.is_active else None

    async def _ask(self, config: LLMConfig, messages: Sequence[Message], call: Call, *, course: _Course) -> Answer:
        if config.validation.flaw:
            raise failures.unusable_config(config, config.validation.flaw.rstrip("."))
        most = self.policy.max_retries if call.max_retries is None else call.max_retries
        budget = self._budgets.setdefault(config.name, RetryBudget())
        failure: ModelCallFailed | None = None
        retries = 0
        while True:
            permit = await self._enter(config, messages, call, before=failure)
            budget.deposit()
            try:
                return await self._call(permit, config, messages, call=call, course=course)
            except ModelCallFailed as failed:
                failure = failed
            if not failure.retryable or retries >= most:
                raise failure
            delay = self.policy.delay(retries, failure.retry_after, self.chance())
            if delay > LONGEST_WAIT_HERE or self._is_late(call, delay) or not (is_free(failure) or budget.spend()):
                raise _later(failure, delay)
            await self.sleep(delay)
            retries += 1

    async def _enter(
        self, config: LLMConfig, messages: Sequence[Message], call: Call, *, before: ModelCallFailed | None
    ) -> Permit:
        if self._is_late(call):
            raise before or failures.timed_out(config)
        entered = await self.turnstile.enter(config, estimate(messages, config), deadline=call.deadline)
        if isinstance(entered, Permit):
            return entered
        raise _later(before, entered.retry_after) if before is not None else _held_back(config, entered)

    async def _call(
        self, permit: Permit, config: LLMConfig, messages: Sequence[Message], *, call: Call, course: _Course
    ) -> Answer:
        outcome = NOTHING_HAPPENED
        try:
            answer = await self.models.answer(config, messages, call)
            spent = answer.tokens.input + answer.tokens.output if answer.tokens else None
            outcome = Outcome(Verdict.SUCCESS, tokens=spent)
            course.tried = True
        except ModelCallFailed as failed:
            course.tried = course.tried or reached_the_wire(failed)
            outcome = Outcome(verdict_on(failed), failed.retry_after, _tokens_of(failed))
            raise
        except asyncio.CancelledError:
            outcome = Outcome(Verdict.NEUTRAL)
            raise
        finally:
            self.turnstile.leave(permit, outcome)
        objected = objection(answer, config, call)
        if objected is None:
            return answer
        action, failure = objected
        raise _NextConfig(failure) if action == "fallback" else failure

    def _is_late(self, call: Call, delay: float = 0.0) -> bool:
        return call.deadline is not None and self.clock() + delay >= call.deadline


_MAY_HAVE_ANSWERED = frozenset({FailureCode.TIMEOUT, FailureCode.STREAM_CUT, FailureCode.MALFORMED_RESPONSE})


def _tokens_of(failed: ModelCallFailed) -> int | None:
    """None, as reserved, where the provider may have thought; nothing where it refused."""
    return None if failed.failure in _MAY_HAVE_ANSWERED else 0


def _later(failed: ModelCallFailed, seconds: float) -> ModelCallFailed:
    """The same failure, for who can wait longer than a call may."""
    wait = max(seconds, failed.retry_after or 0.0)
    return ModelCallFailed(failed.failure, failed.detail, retry_after=wait, untried=failed.untried)


def _held_back(config: LLMConfig, refused: Refused) -> ModelCallFailed:
    if refused.reason is Reason.BREAKER_OPEN:
        return failures.breaker_open(config, refused.retry_after)
    return failures.limit_reached(config, _LIMITS[refused.reason], refused.retry_after)


_LIMITS = {
    Reason.PAUSED: "its provider asked for a pause",
    Reason.CONCURRENCY: "as many calls as it allows are under way or wait already",
    Reason.REQUESTS: "it allows no more requests this minute",
    Reason.TOKENS: "it allows no more tokens this minute",
}
