"""The express way: a copy of a message that is on its way through its queue, handed to one consumer at once.

It saves the broker's confirmation and delivery where nothing else is going on. The queue's own delivery is the one
that counts: a copy may come late, after its original, or never, and nobody misses it.
"""

import asyncio
from collections import OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol
from uuid import UUID

from ai_platform.runtime import tracing
from ai_platform.runtime.bus import Message
from ai_platform.runtime.ending import ended
from ai_platform.runtime.logging import get_logger

_REMEMBERED: Final = 1_000
"""Messages of which one way has come and the other may. The oldest is forgotten for one more, and may be done twice."""

_log = get_logger(__name__)


class Express(Protocol):
    """Copies by queue, from any process to one that asks for them."""

    def hand(self, queue: str, message: Message) -> None:
        """Fire and forget: neither waits nor raises. When nobody asks for it soon it is dropped."""

    async def next(self, queue: str) -> Message:
        """Waits for the next copy; of several who wait, one gets it."""

    async def close(self) -> None: ...


class MemoryExpress:
    """Within one process, for `dev`: only who waits already is given anything."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[asyncio.Future[Message]]] = defaultdict(deque)

    def hand(self, queue: str, message: Message) -> None:
        waiting = self._waiting[queue]
        while waiting:
            reader = waiting.popleft()
            if not reader.done():
                reader.set_result(message)
                return

    async def next(self, queue: str) -> Message:
        reader: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[queue].append(reader)
        return await reader

    async def close(self) -> None:
        return None


class EarlyWork:
    """One consumer's work on copies, which their originals join when they come.

    A copy is taken only while fewer than `most` messages are in hand.
    """

    def __init__(
        self, express: Express, queue: str, handle: Callable[[Message], Awaitable[None]], *, most: int
    ) -> None:
        self._express = express
        self._queue = queue
        self._handle = handle
        self._most = most
        self._in_hand = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._known: OrderedDict[UUID, asyncio.Task[None] | None] = OrderedDict()
        self._working: set[asyncio.Task[None]] = set()
        self._taking: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._taking = asyncio.create_task(self._take(), name=f"express-{self._queue}")

    async def stop(self) -> None:
        """Take no more copies; the work on those in hand goes on."""
        if self._taking is not None:
            await ended(self._taking)

    async def close(self) -> None:
        """Interrupt the work that is left; the originals come again."""
        await self.stop()
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """One more message is in hand."""
        self._in_hand += 1
        if self._in_hand >= self._most:
            self._has_room.clear()
        try:
            yield
        finally:
            self._in_hand -= 1
            if self._in_hand < self._most:
                self._has_room.set()

    async def is_done(self, message: Message) -> bool:
        """Whether the work was done on the message's copy; waits for one in hand. If not, none is taken any more."""
        task = self._known.get(message.id)
        if task is None:
            self._remember(message.id, None)
            return False
        await asyncio.wait([task])
        return not task.cancelled() and task.exception() is None

    async def _take(self) -> None:
        while True:
            await self._has_room.wait()
            message = await self._express.next(self._queue)
            if message.id not in self._known:
                task = asyncio.create_task(self._work_off(message))
                self._working.add(task)
                task.add_done_callback(self._ended)
                self._remember(message.id, task)

    async def _work_off(self, message: Message) -> None:
        with self.holding(), tracing.continued(message.headers):
            await self._handle(message)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """What failed is tried again, and told, with the original."""
        self._working.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.info("express_failed", queue=self._queue, reason=type(error).__name__)

    def _remember(self, message_id: UUID, task: asyncio.Task[None] | None) -> None:
        self._known[message_id] = task
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
