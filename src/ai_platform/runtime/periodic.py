"""Work that a process repeats for as long as it lives: sweeps, polls, gauges."""

import asyncio
from collections.abc import Awaitable, Callable

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.ending import ended
from ai_platform.runtime.logging import get_logger

_log = get_logger(__name__)


class Periodic:
    """Runs `work` every `seconds`, never twice at a time; a failure is logged and the next run comes.

    The first comes `after` seconds: at once, unless said otherwise.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[object]], *, seconds: float, after: float = 0.0) -> None:
        self._name = name
        self._work = work
        self._seconds = seconds
        self._after = after
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        if self._task is not None:
            await ended(self._task)

    async def _run(self) -> None:
        await asyncio.sleep(self._after)
        while True:
            try:
                await self._work()
            except Unavailable as error:
                _log.warning("periodic_waits", work=self._name, reason=error.detail)
            except Exception:  # noqa: BLE001 - the next run may succeed
                _log.exception("periodic_failed", work=self._name)
            await asyncio.sleep(self._seconds)
