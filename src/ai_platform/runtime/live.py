"""Live events: what is told reaches those who listen at that moment, and nobody else.

Nothing here is kept. Whoever must not miss a thing keeps it in the database and is only woken from here.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol, Self

MISSED: Final = b""
"""Instead of a payload: some may have been lost, so look for yourself. Nobody tells it."""

KEPT_FOR_A_SLOW_READER: Final = 1000
"""Payloads; one more, and the reader is told that it missed some."""


class Subscription:
    """The payloads of one channel as one reader gets them, in the order of their telling.

    Waiting for the next one may be cancelled without losing it. Ends when the stream is closed.
    """

    def __init__(self, *, most: int = KEPT_FOR_A_SLOW_READER) -> None:
        self._most = most
        self._waiting: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()

    def offer(self, payload: bytes) -> None:
        if len(self._waiting) >= self._most:
            self._waiting.clear()
            payload = MISSED
        self._waiting.append(payload)
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()


class LiveStream(Protocol):
    """Payloads by channel, from any process to every process."""

    def tell(self, channel: str, payload: bytes) -> None:
        """Fire and forget: neither waits nor raises. What cannot be sent soon is dropped."""

    def subscribe(self, channel: str) -> AbstractAsyncContextManager[Subscription]:
        """Inside, everything that is told on the channel comes in, or `MISSED` in its place.

        Entering does not fail when the way is broken: `MISSED` comes once it is whole again.
        """

    async def close(self) -> None:
        """Ends every subscription."""


class Readers:
    """The subscriptions of one process by channel."""

    def __init__(self) -> None:
        self._by_channel: defaultdict[str, list[Subscription]] = defaultdict(list)

    @property
    def channels(self) -> list[str]:
        return list(self._by_channel)

    def __contains__(self, channel: str) -> bool:
        return channel in self._by_channel

    def add(self, channel: str) -> Subscription:
        subscription = Subscription()
        self._by_channel[channel].append(subscription)
        return subscription

    def remove(self, channel: str, subscription: Subscription) -> None:
        self._by_channel[channel].remove(subscription)
        if not self._by_channel[channel]:
            del self._by_channel[channel]

    def offer(self, channel: str, payload: bytes) -> None:
        for subscription in self._by_channel.get(channel, ()):
            subscription.offer(payload)

    def end(self) -> None:
        for subscriptions in self._by_channel.values():
            for subscription in subscriptions:
                subscription.end()


class MemoryLiveStream:
    """Within one process, for `dev`."""

    def __init__(self) -> None:
        self._readers = Readers()

    def tell(self, channel: str, payload: bytes) -> None:
        self._readers.offer(channel, payload)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[Subscription]:
        subscription = self._readers.add(channel)
        try:
            yield subscription
        finally:
            self._readers.remove(channel, subscription)

    async def close(self) -> None:
        self._readers.end()
