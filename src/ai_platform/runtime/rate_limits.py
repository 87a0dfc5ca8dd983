"""How often a caller may ask: GCRA, one number a caller, shared through Redis in one round trip.

The generic cell rate algorithm keeps the time at which the next request would be exactly on schedule. A
request may come up to a burst's worth ahead of it. There is no window, so nobody gets twice his share at its edge.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import redis.asyncio as redis
from redis.exceptions import RedisError

from ai_platform.kernel.errors import LimitExceeded, Unavailable
from ai_platform.kernel.principal import Principal, Role

_PATIENCE: Final = 0.25
_PAUSE: Final = 1.0
_MOST: Final = 10_000

_GCRA: Final = """
local at = redis.call('TIME')
local now = at[1] * 1000000 + at[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = tonumber(redis.call('GET', KEYS[1]) or now)
if due < now then due = now end
local slack = now + burst * interval - due
if slack < interval then return {0, math.ceil(due - now), math.ceil(interval - slack)} end
due = due + interval
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
return {1, math.ceil(due - now), 0}
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` for good, and up to `burst` at once after a rest."""

    per_second: float
    burst: int

    @property
    def interval(self) -> float:
        return 1 / self.per_second

    def remaining(self, ahead: float) -> int:
        """How many more may come now, when the schedule is `ahead` seconds in the future."""
        return max(0, math.floor(self.burst - ahead * self.per_second + 1e-6))


@dataclass(frozen=True, slots=True)
class Taken:
    """`ahead`: seconds until the whole burst is free again; `wait`: seconds until one more may come, 0 if it did."""

    allowed: bool
    ahead: float
    wait: float


class Buckets(Protocol):
    async def take(self, name: str, rate: Rate) -> Taken:
        """Count one request of `name`. Raises Unavailable when nobody can tell."""


class LocalBuckets:
    """In this process, bounded to the callers that came last."""

    def __init__(self, now: Callable[[], float] = time.monotonic, *, most: int = _MOST) -> None:
        self._now = now
        self._most = most
        self._due: OrderedDict[str, float] = OrderedDict()

    async def take(self, name: str, rate: Rate) -> Taken:
        now = self._now()
        due = max(self._due.get(name, now), now)
        slack = now + rate.burst * rate.interval - due
        if slack < rate.interval - 1e-9:
            return Taken(False, due - now, rate.interval - slack)
        self._due[name] = due + rate.interval
        self._due.move_to_end(name)
        if len(self._due) > self._most:
            self._due.popitem(last=False)
        return Taken(True, due + rate.interval - now, 0.0)


class RedisBuckets:
    """The same among all processes, by Redis' own clock."""

    def __init__(self, client: "redis.Redis") -> None:
        self._script = client.register_script(_GCRA)

    async def take(self, name: str, rate: Rate) -> Taken:
        try:
            async with asyncio.timeout(_PATIENCE):
                arguments = [round(rate.interval * 1_000_000), rate.burst]
                allowed, ahead, wait = await self._script(keys=[f"rate:{name}"], args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable("The shared rate limits cannot be reached.", code="cache_unavailable") from error
        return Taken(bool(allowed), ahead / 1_000_000, wait / 1_000_000)


class SteadyBuckets:
    """The shared ones; while they are away, each process counts for itself and asks again after a second."""

    def __init__(self, shared: Buckets | None, local: Buckets, now: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._local = local
        self._now = now
        self._away_until = -math.inf

    async def take(self, name: str, rate: Rate) -> Taken:
        if self._shared is not None and self._now() >= self._away_until:
            try:
                return await self._shared.take(name, rate)
            except Unavailable:
                self._away_until = self._now() + _PAUSE
        return await self._local.take(name, rate)


@dataclass(frozen=True, slots=True)
class Admission:
    """What a limited caller is told with every answer; `refusal` when it has to wait."""

    headers: tuple[tuple[bytes, bytes], ...] = ()
    refusal: LimitExceeded | None = None


class RateLimits:
    """A tenant's keys and members are limited, each for itself; the platform's callers are not.

    The headers are those of draft-ietf-httpapi-ratelimit-headers-10.
    """

    def __init__(self, buckets: Buckets, rate: Rate) -> None:
        self._buckets = buckets
        self._rate = rate
        window = max(1, math.ceil(rate.burst / rate.per_second))
        self._policy = (b"ratelimit-policy", f'"default";q={rate.burst};w={window}'.encode())

    async def admit(self, caller: Principal) -> Admission:
        if caller.role is Role.PLATFORM:
            return Admission()
        taken = await self._buckets.take(caller.actor, self._rate)
        left = self._rate.remaining(taken.ahead) if taken.allowed else 0
        told = (b"ratelimit", f'"default";r={left};t={math.ceil(taken.ahead)}'.encode())
        refusal = None
        if not taken.allowed:
            refusal = LimitExceeded("Too many requests; slow down.", code="rate_limited", retry_after=taken.wait)
        return Admission((self._policy, told), refusal)
