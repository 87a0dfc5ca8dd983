"""One gate for all workers, in Redis; each worker's own while Redis is away."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ai_platform.kernel.errors import Unavailable
from ai_platform.llm.application.ports import BreakerSeen
from ai_platform.llm.domain.breaker import Breaker, BreakerState
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import NOTHING_HAPPENED, Outcome, Permit, Reason, Refused, reserved
from ai_platform.llm.infrastructure.gate_local import LocalGate, moment, new_call
from ai_platform.llm.infrastructure.gate_operations import (
    Operation,
    Result,
    entering,
    leaving,
    pausing,
    renewing,
    showing,
)
from ai_platform.llm.infrastructure.gate_script import GATE
from ai_platform.runtime.batching import Batcher
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.periodic import Periodic

PREFIX: Final = "{llm-gate}"
RENEW_EVERY: Final = 2.0
ANSWER_WITHIN: Final = 0.25
"""Seconds. Redis answers in less than one thousandth of this, or it is away."""

_LOOK_EVERY: Final = 1.0
_OPERATIONS_AT_ONCE: Final = 100

_log = get_logger(__name__)


class RedisGate:
    """Implements `ports.Gate` and `ports.Breakers`.

    Operations that come together are one round trip; only `enter` waits for its own. What Redis says is noted in
    `local`, and while Redis is away `local` decides alone; it is looked for once a second. A provider's wish to be
    left alone is kept by every worker that heard of it, and told again to a Redis that forgot it.
    """

    def __init__(self, redis: Redis, local: LocalGate) -> None:
        self._redis = redis
        self._local = local
        self._script = redis.register_script(GATE)
        self._batcher: Batcher[Operation, Result] = Batcher(self._run, limit=_OPERATIONS_AT_ONCE)
        self._held: dict[str, Permit] = {}
        self._upkeep: list[Periodic] = []
        self._away = False
        self._memory: str | None = None

    async def enter(self, config: LLMConfig, tokens: int) -> Permit | Refused:
        call = new_call()
        self._begin_upkeep()
        if self._away or self._local.is_paused(config.name):
            return self._alone(call, config, tokens)
        try:
            result = await self._batcher(entering(call, config, tokens, self._local.rules))
        except Unavailable:
            return self._alone(call, config, tokens)
        except asyncio.CancelledError:
            # The operation may be on its way: what it is given is given back.
            self._give_back(Permit(id=call, config_name=config.name, has_slot=True, is_probe=True))
            raise
        seen = result["seen"]
        self._mirror(config.name, seen)
        if "reason" in result:
            return Refused(Reason(result["reason"]), max(float(result["wait"]), 0.0))
        permit = Permit(
            id=call,
            config_name=config.name,
            epoch=int(seen["epoch"]),
            is_probe=seen["state"] == BreakerState.HALF_OPEN,
            has_slot=config.max_concurrency is not None,
            second=int(result["second"]),
            tokens=reserved(tokens, config),
        )
        if self._local.is_paused(config.name):  # heard while Redis was asked, which did not know it yet
            self._give_back(permit)
            return self._alone(call, config, tokens)
        self._local.at(config.name).note(permit, config, self._local.clock())
        return self._let_in(permit, shared_at=seen["now"])

    def leave(self, permit: Permit, outcome: Outcome) -> None:
        heard_at = self._local.clock()
        self._held.pop(permit.id, None)
        self._local.leave(permit, outcome)
        if outcome.pause is not None:
            _log.debug("provider_wants_pause", config=permit.config_name, until=heard_at + outcome.pause)
        if not self._away:
            self._tell(leaving(permit, outcome, self._local.rules))

    async def show(self, names: Sequence[str]) -> Sequence[BreakerSeen]:
        self._begin_upkeep()
        results = await asyncio.gather(*(self._batcher(showing(name)) for name in names))
        return [_breaker_seen(name, result["seen"]) for name, result in zip(names, results, strict=True)]

    async def reset(self, name: str) -> None:
        result = await self._batcher({"act": "reset", "name": name})
        self._mirror(name, result["seen"])

    def seen(self, names: Sequence[str]) -> Sequence[BreakerSeen]:
        return self._local.seen(names)

    async def close(self) -> None:
        """What was given back is told to the others before the connection is let go."""
        for work in self._upkeep:
            await work.stop()
        await self._batcher.idle()

    async def _run(self, operations: Sequence[Operation]) -> Sequence[Result]:
        if self._away:
            raise _unavailable()
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                told = await self._script(keys=[PREFIX], args=[json.dumps(operations)])
        except (RedisError, OSError, TimeoutError) as error:
            self._away = True
            _log.warning("gate_alone", reason=type(error).__name__, remedy="limits hold in this process only")
            raise _unavailable() from None
        answer = json.loads(told)
        self._remember(answer["memory"])
        results: list[Result] = answer["results"]
        return results

    def _remember(self, memory: str) -> None:
        """A Redis that lost its memory, even if it was never missed, is told what we know."""
        forgot = self._memory not in (None, memory)
        self._memory = memory
        if forgot:
            self._tell_pauses()

    def _tell_pauses(self) -> None:
        for name, seconds in self._local.pauses().items():
            self._tell(pausing(name, seconds))

    def _tell(self, operation: Operation) -> None:
        """Without waiting for the answer; what is lost ends by itself when its lease does."""

        def end(told: asyncio.Future[Result]) -> None:
            if told.cancelled() or told.exception() is not None or "seen" not in told.result():
                return
            seen = told.result()["seen"]
            self._mirror(operation["name"], seen)
            if "pause" in operation:
                _log.debug("pause_shared", config=operation["name"], since=seen["now"], until=seen["paused"])

        self._batcher.put(operation).add_done_callback(end)

    def _begin_upkeep(self) -> None:
        if not self._upkeep:
            self._upkeep = [
                Periodic("gate-leases", self._renew, seconds=RENEW_EVERY),
                Periodic("gate-look", self._look_for_redis, seconds=_LOOK_EVERY),
            ]
            for work in self._upkeep:
                work.start()

    async def _renew(self) -> None:
        if not self._away:
            for permit in list(self._held.values()):
                self._tell(renewing(permit))

    async def _look_for_redis(self) -> None:
        if not self._away:
            return
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError):
            return
        self._away = False
        _log.info("gate_shared_again")
        self._tell_pauses()

    def _alone(self, call: str, config: LLMConfig, tokens: int) -> Permit | Refused:
        """What this worker knows decides: Redis is away, or is known to refuse."""
        answer = self._local.admit(call, config, tokens)
        return self._let_in(answer) if isinstance(answer, Permit) else answer

    def _let_in(self, permit: Permit, *, shared_at: float | None = None) -> Permit:
        """`shared_at` is when Redis let it in, by its own clock. The log is what a storm is judged by."""
        if permit.has_slot or permit.is_probe:
            self._held[permit.id] = permit
        _log.debug("call_let_in", config=permit.config_name, at=self._local.clock(), shared_at=shared_at)
        return permit

    def _give_back(self, permit: Permit) -> None:
        self._tell(leaving(permit, NOTHING_HAPPENED, self._local.rules))

    def _mirror(self, name: str, seen: Mapping[str, Any]) -> None:
        """The breaker and the pause as Redis has them, in this process' time; a pause that we heard of stays."""
        entrance = self._local.at(name)
        shift = self._local.clock() - seen["now"]
        before = entrance.breaker
        entrance.paused_until = max(entrance.paused_until, seen["paused"] + shift if seen["paused"] else 0.0)
        entrance.breaker = Breaker(
            state=BreakerState(seen["state"]),
            failures=int(seen["failures"]),
            successes=int(seen["successes"]),
            epoch=int(seen["epoch"]),
            opened_at=seen["opened"] + shift if seen["opened"] else None,
            retry_at=seen["retry"] + shift if seen["retry"] else None,
            probes=before.probes if before.epoch == int(seen["epoch"]) else {},
        )


def _breaker_seen(name: str, seen: Mapping[str, Any]) -> BreakerSeen:
    return BreakerSeen(
        name=name,
        state=BreakerState(seen["state"]),
        failures=int(seen["failures"]),
        opened_at=moment(seen["opened"] or None),
        retry_at=moment(seen["retry"] or None),
    )


def _unavailable() -> Unavailable:
    return Unavailable("The state that all workers share cannot be reached.", code="cache_unavailable")
