"""Claims and fencing: a worker holds what it claimed by a lease in database time, renewed by one heartbeat.

The attempt number is the fence: a claim raises it, and every later write of that attempt names it, so a
worker that was thought dead cannot overwrite its successor.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.logging import get_logger

HEARTBEAT: Final = 1.0
"""Seconds between two renewals of all leases of a worker, in one statement."""

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


class Heartbeat:
    """Renews the leases of everything in hand once a second and interrupts the work whose claim is lost."""

    def __init__(self, renew: Renew, *, seconds: float = HEARTBEAT) -> None:
        self._renew = renew
        self._seconds = seconds
        self._held: dict[Claim, asyncio.Task[object]] = {}
        self._lost: set[Claim] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="heartbeat")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

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

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            claims = list(self._held)
            if not claims:
                continue
            try:
                alive = await self._renew(claims)
            except Unavailable as error:
                _log.warning("heartbeat_missed", reason=error.detail)
                continue
            except Exception:  # noqa: BLE001 - a heart that stops would lose every claim in hand
                _log.exception("heartbeat_failed")
                continue
            for claim in set(claims) - alive:
                self._interrupt(claim)

    def _interrupt(self, claim: Claim) -> None:
        task = self._held.get(claim)
        if task is not None and claim not in self._lost:
            _log.info("claim_lost", claim=str(claim.id), attempt=claim.attempt)
            self._lost.add(claim)
            task.cancel()
