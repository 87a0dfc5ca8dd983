"""The one place that publishes: takes committed outbox rows to the bus, and forgets them once confirmed."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.bus import Bus, Outgoing, QueueName
from ai_platform.runtime.express import Express, MemoryExpress
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.outbox import Entry, Outbox

BATCH: Final = 200
_LAST_RESORT: Final = 1.0
_SURELY_OURS: Final = 0.8
_HANDED_AT_MOST: Final = 20_000
_QUIET: Final = 0.01
"""Seconds without another message after which one is worth an express copy: under load they would only cost."""

_HEAD_START: Final = 0.02
"""Seconds by which such a copy goes ahead, so that broker and consumer do not compete for the same moment."""

_log = get_logger(__name__)


class Relay:
    """Publishes what its process wrote at once, and what anybody wrote when it is due.

    While the bus is away nothing is kept in memory: the rows stay where they are and become due again.
    Dying between a confirmation and the deletion publishes a message twice, with the same id.
    """

    def __init__(self, outbox: Outbox, bus: Bus, express: Express | None = None) -> None:
        self._outbox = outbox
        self._bus = bus
        self._express = express or MemoryExpress()
        self._took_at = 0.0
        self._ahead_until = 0.0
        self._handed: deque[tuple[float, Outgoing]] = deque()
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._next_look = 0.0
        self._paused_until = 0.0
        self._closing = False

    def take(self, entries: Sequence[Entry]) -> None:
        """Receive entries that this process has just committed."""
        now = asyncio.get_running_loop().time()
        self._hand_over(entries, now)
        for entry in entries:
            if entry.due is not None:
                seconds = (entry.due - datetime.now(UTC)).total_seconds()
                self._next_look = min(self._next_look, now + max(0.0, seconds))
            elif len(self._handed) < _HANDED_AT_MOST:
                self._handed.append((now + _SURELY_OURS * self._outbox.handover, entry.outgoing()))
        self._work.set()

    def _hand_over(self, entries: Sequence[Entry], now: float) -> None:
        """A lone message for a queue goes ahead by express; its original follows."""
        at_once = [entry for entry in entries if entry.due is None]
        if len(at_once) == 1 and isinstance(to := at_once[0].to, QueueName) and now - self._took_at > _QUIET:
            self._express.hand(to.name, at_once[0].outgoing().message)
            self._ahead_until = now + _HEAD_START
        self._took_at = now

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="outbox-relay")

    async def stop(self) -> None:
        """Publish what was handed over, then stop. What does not get out stays in the outbox."""
        self._closing = True
        self._work.set()
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not (self._closing and not self._handed):
            try:
                if (pause := self._paused_until - loop.time()) > 0:
                    self._handed.clear()
                    await self._wait(pause)
                    continue
                if loop.time() >= self._next_look:
                    await self._publish_due(loop)
                await asyncio.sleep(max(0.0, self._ahead_until - loop.time()))
                await self._publish(self._take_handed(loop.time()))
                await self._wait(self._next_look - loop.time())
            except Unavailable as error:
                _log.warning("relay_waits", reason=error.detail)
                self._paused_until = self._next_look = loop.time() + _LAST_RESORT
            except Exception:  # noqa: BLE001 - the relay outlives every fault; the rows are still there
                _log.exception("relay_failed")
                self._next_look = loop.time() + _LAST_RESORT

    def _take_handed(self, now: float) -> list[Outgoing]:
        batch: list[Outgoing] = []
        while self._handed and len(batch) < BATCH:
            until, outgoing = self._handed.popleft()
            if now < until:
                batch.append(outgoing)
        return batch

    async def _publish_due(self, loop: asyncio.AbstractEventLoop) -> None:
        self._next_look = loop.time() + _LAST_RESORT
        batch = await self._outbox.claim(BATCH)
        await self._publish(batch)
        if len(batch) == BATCH:
            self._next_look = loop.time()
        elif (seconds := await self._outbox.seconds_to_next()) is not None:
            self._next_look = min(self._next_look, loop.time() + seconds)

    async def _publish(self, batch: Sequence[Outgoing]) -> None:
        if not batch:
            return
        outcomes = await self._bus.publish(batch)
        confirmed: list[UUID] = []
        for outgoing, refusal in zip(batch, outcomes, strict=True):
            if refusal is None:
                confirmed.append(outgoing.message.id)
            else:
                _log.error("publish_refused", type=outgoing.message.type, to=str(outgoing.to), reason=str(refusal))
        if confirmed:
            await self._outbox.done(confirmed)

    async def _wait(self, seconds: float) -> None:
        self._work.clear()
        if self._handed or self._closing or seconds <= 0:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._work.wait(), min(seconds, _LAST_RESORT))
