"""Claims and fencing: a worker holds what it claimed by a lease in database time, renewed by one heartbeat.

The attempt number is the fence: a claim raises it, and every later write of that attempt names it, so a
worker that was thought dead cannot overwrite its successor.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.logging import get_logger

HEARTBEAT: Final = 1.0
"""Seconds between two renewals of all leases of a worker, in one statement."""

PATIENCE: Final = 30.0
STOP_SECONDS: Final = 5.0

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one piece of work."""

    id: UUID
    attempt: int


class ClaimLost(Exception):
    """The work was cancelled or is somebody else's now; whatever this attempt did must be dropped."""


Renew = Callable[[Sequence[Claim]], Awaitable[set[Claim]]]
"""Renews the leases and returns those that still hold."""

Renewing = Callable[[], AbstractAsyncContextManager[Renew]]
"""Opened, used and closed on the heartbeat's own event loop."""


class Heartbeat:
    """Renews the leases of everything in hand once a second and interrupts the work whose claim is lost.

    It beats in a thread of its own, because work that keeps the event loop busy must not be lost for that. For a loop
    that has not moved in `patience` seconds it beats no more: what hangs shall be done by others.
    """

    def __init__(self, renewing: Renewing, *, seconds: float = HEARTBEAT, patience: float = PATIENCE) -> None:
        self._renewing = renewing
        self._seconds = seconds
        self._patience = patience
        self._held: dict[Claim, asyncio.Task[object]] = {}
        self._lost: set[Claim] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._moved_at = 0.0

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._moved_at = time.monotonic()
        self._thread = threading.Thread(target=self._beat, args=(loop,), name="heartbeat", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, STOP_SECONDS)

    @asynccontextmanager
    async def holding(self, claim: Claim) -> AsyncIterator[None]:
        """Keep the claim alive for the block. Raises ClaimLost out of the block as soon as it is lost."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - an async context manager runs in a task
        self._held[claim] = task
        try:
            yield
        except asyncio.CancelledError:
            if claim in self._lost and task.uncancel() == 0:
                raise ClaimLost from None
            raise
        finally:
            self._held.pop(claim, None)
            self._lost.discard(claim)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread. `loop` is that of the work."""
        with asyncio.Runner() as runner:
            opened = self._renewing()
            renew = runner.run(opened.__aenter__())
            while not self._stopping.wait(self._seconds):
                lost = runner.run(self._renewed(renew)) if self._is_moving() else set[Claim]()
                with suppress(RuntimeError):  # the loop may be closed by now
                    loop.call_soon_threadsafe(self._moved, lost)
            runner.run(opened.__aexit__(None, None, None))

    def _is_moving(self) -> bool:
        still = time.monotonic() - self._moved_at
        if still > self._patience:
            _log.error("event_loop_hangs", seconds=round(still, 1), claims=len(self._held))
        return still <= self._patience

    async def _renewed(self, renew: Renew) -> set[Claim]:
        """Those that are lost."""
        claims = list(self._held)
        try:
            return set(claims) - await renew(claims) if claims else set()
        except Unavailable as error:
            _log.warning("heartbeat_missed", reason=error.detail)
        except Exception:  # noqa: BLE001 - a heart that stops would lose every claim in hand
            _log.exception("heartbeat_failed")
        return set()

    def _moved(self, lost: set[Claim]) -> None:
        """On the loop of the work."""
        self._moved_at = time.monotonic()
        for claim in lost:
            task = self._held.get(claim)
            if task is not None and claim not in self._lost:
                _log.info("claim_lost", claim=str(claim.id), attempt=claim.attempt)
                self._lost.add(claim)
                task.cancel()
