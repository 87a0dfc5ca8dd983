"""Live events over Redis' publish and subscribe: one connection a process to listen, one to speak."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import redis.asyncio as redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ai_platform.runtime.ending import ended
from ai_platform.runtime.live import MISSED, Readers, Subscription
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.redis_speaker import PAUSE_WHEN_AWAY, REDIS_AWAY, RedisSpeaker

_ENTERING: Final = 1.0
"""Seconds a subscriber waits for Redis' word that it hears; then it goes on and is told later."""

_QUIET: Final = 5.0
"""Seconds without a word after which Redis is asked whether it still hears us, and then given as many again."""

_ALWAYS: Final = "live:open"
"""A channel without a word: a connection that listens to nothing cannot be read."""

_log = get_logger(__name__)


class RedisLiveStream:
    """Implements `LiveStream`. Connects when it is first used; a Redis that comes back is listened to again."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=2, socket_keepalive=True, retry=Retry(NoBackoff(), 0)
        )
        self._speaker = RedisSpeaker(self._redis, "live-speaker")
        self._readers = Readers()
        self._heard: dict[str, asyncio.Event] = {}
        self._to_be_told: set[str] = set()
        self._asking = asyncio.Lock()
        self._pubsub: PubSub | None = None
        self._listening: asyncio.Task[None] | None = None

    def tell(self, channel: str, payload: bytes) -> None:
        self._speaker.say(("PUBLISH", channel, payload))

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[Subscription]:
        is_first = channel not in self._readers
        subscription = self._readers.add(channel)
        try:
            heard = self._heard.setdefault(channel, asyncio.Event())
            if self._listening is None:
                self._listening = asyncio.create_task(self._listen(), name="live-stream")
            elif is_first:
                await self._ask("subscribe", channel)
            try:
                await asyncio.wait_for(heard.wait(), _ENTERING)
            except TimeoutError:
                self._to_be_told.add(channel)
            yield subscription
        finally:
            self._readers.remove(channel, subscription)
            if channel not in self._readers:
                self._heard.pop(channel, None)
                self._to_be_told.discard(channel)
                await self._ask("unsubscribe", channel)

    async def close(self) -> None:
        self._readers.end()
        await self._speaker.close()
        if self._listening is not None:
            await ended(self._listening)
        with suppress(*REDIS_AWAY):
            await self._redis.aclose()

    async def _ask(self, command: str, channel: str) -> None:
        """When it cannot be asked now, the next connection begins with what is wanted then."""
        async with self._asking:
            is_wanted = channel in self._readers
            if self._pubsub is not None and is_wanted == (command == "subscribe"):
                with suppress(*REDIS_AWAY):
                    await getattr(self._pubsub, command)(channel)

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_until_lost()
            except REDIS_AWAY as error:
                _log.warning("live_stream_away", reason=type(error).__name__)
            except Exception:  # noqa: BLE001 - the next connection may be better
                _log.exception("live_stream_failed")
            await asyncio.sleep(PAUSE_WHEN_AWAY)

    async def _listen_until_lost(self) -> None:
        async with self._redis.pubsub() as pubsub:
            try:
                asked = self._readers.channels
                await pubsub.subscribe(_ALWAYS, *asked)
                self._pubsub = pubsub
                for channel in set(self._readers.channels) - set(asked):  # came while we connected
                    await self._ask("subscribe", channel)
                await self._hear(pubsub)
            finally:
                self._pubsub = None
                self._to_be_told.update(self._readers.channels)
                for heard in self._heard.values():
                    heard.clear()

    async def _hear(self, pubsub: PubSub) -> None:
        asked = False
        while True:
            message: dict[str, Any] | None = await pubsub.get_message(timeout=_QUIET)
            if message is not None:
                asked = False
                self._take(message)
            elif asked:
                raise TimeoutError
            else:
                asked = True
                await pubsub.ping()

    def _take(self, message: dict[str, Any]) -> None:
        channel = (message["channel"] or b"").decode()
        if message["type"] == "message":
            self._readers.offer(channel, message["data"])
        elif message["type"] == "subscribe" and (heard := self._heard.get(channel)):
            heard.set()
            if channel in self._to_be_told:
                self._to_be_told.discard(channel)
                self._readers.offer(channel, MISSED)
