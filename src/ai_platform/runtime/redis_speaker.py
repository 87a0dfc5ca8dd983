"""Saying things to Redis without waiting: many in one round trip, and dropped while it is away."""

import asyncio
from collections import deque
from typing import Final

import redis.asyncio as redis
from redis.exceptions import RedisError

from ai_platform.runtime.ending import ended
from ai_platform.runtime.logging import get_logger

REDIS_AWAY: Final = (RedisError, OSError, TimeoutError)
PAUSE_WHEN_AWAY: Final = 0.5
"""Seconds after which a Redis that was away is tried again."""

_WAITING_AT_MOST: Final = 10_000
"""Commands; the oldest is dropped for one more."""

_SENT_AT_ONCE: Final = 200
_LAST_WORDS: Final = 1.0

_log = get_logger(__name__)

Command = tuple[str | bytes | int, ...]


class RedisSpeaker:
    """Commands whose answers nobody needs, in the order in which they were said."""

    def __init__(self, client: redis.Redis, name: str) -> None:
        self._redis = client
        self._name = name
        self._waiting: deque[Command] = deque(maxlen=_WAITING_AT_MOST)
        self._news = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None
        self._closed = False

    def say(self, *commands: Command) -> None:
        """Neither waits nor raises."""
        if self._closed:
            return
        self._waiting.extend(commands)
        self._news.set()
        if self._sending is None:
            self._sending = asyncio.create_task(self._send(), name=self._name)

    async def close(self) -> None:
        """What was said before is still sent, when that takes no time."""
        self._closed = True
        self._news.set()
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=_LAST_WORDS)
            await ended(self._sending)

    async def _send(self) -> None:
        while self._waiting or not self._closed:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _SENT_AT_ONCE))]
            if batch:
                await self._send_all(batch)
            else:
                self._news.clear()
                await self._news.wait()

    async def _send_all(self, batch: list[Command]) -> None:
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for command in batch:
                pipeline.execute_command(*command)
            await pipeline.execute()
        except REDIS_AWAY as error:
            _log.warning("redis_drops", what=self._name, commands=len(batch), reason=type(error).__name__)
            await asyncio.sleep(0 if self._closed else PAUSE_WHEN_AWAY)
            self._waiting.clear()
