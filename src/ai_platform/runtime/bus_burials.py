"""Collecting the dead letters of one queue of the embedded bus."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Row

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.bus import Collect, DeadMessage, QueueSpec
from ai_platform.runtime.bus_store import FORGET, BusStore, Lease
from ai_platform.runtime.logging import get_logger

_AT_ONCE: Final = 50

_log = get_logger(__name__)


class EmbeddedBurials:
    """Looks once a `poll`: nobody waits for a dead letter."""

    def __init__(self, store: BusStore, spec: QueueSpec, collect: Collect, *, poll: float) -> None:
        self._store = store
        self._spec = spec
        self._collect = collect
        self._poll = poll
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"collect-{self._spec.dead_letters}")

    async def stop(self) -> None:
        """What is being collected is finished first, unless it waits for something that is away."""
        self._stopped.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=self._poll)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopped.is_set():
            taken: Sequence[Row[Any]] = ()
            try:
                taken = await self._store.take_dead(self._spec.name, _AT_ONCE)
                for row in taken:
                    await self._collect(self._dead(row))
                    await self._store.settle(FORGET, [Lease(row.seq, row.deliveries)])
            except Unavailable as error:
                _log.warning("dead_letters_wait", queue=self._spec.name, reason=error.detail)
            except Exception:  # noqa: BLE001 - its lease runs out, and it comes again
                _log.exception("collecting_failed", queue=self._spec.name)
            if len(taken) < _AT_ONCE:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), self._poll)

    def _dead(self, row: Row[Any]) -> DeadMessage:
        return DeadMessage(
            id=row.message_id,
            queue=self._spec.name,
            type=row.type,
            body=row.body,
            headers=row.headers,
            reason="delivery_limit" if row.deliveries > self._spec.delivery_limit else "rejected",
            deliveries=min(row.deliveries, self._spec.delivery_limit + 1),  # the taking that buried it was none
            died_at=row.died_at,
        )
