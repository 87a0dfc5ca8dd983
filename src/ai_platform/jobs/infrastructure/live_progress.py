"""What is heard of an attempt under way: steps are recorded, tokens are only spoken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from ai_platform.jobs.application.ports import Token
from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.infrastructure.live_wire import as_payload, changes_to, channel_of
from ai_platform.jobs.infrastructure.node_log import NodeLog
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import Unavailable
from ai_platform.llm.contracts.api import Listener
from ai_platform.runtime.db import Database
from ai_platform.runtime.live import LiveStream
from ai_platform.runtime.logging import get_logger

TOGETHER_SECONDS: Final = 0.03
"""Tokens within this time travel as one: a fast model speaks several hundred a second."""

_WRITTEN_WITHIN: Final = 2.0
"""Seconds that an attempt which is over waits for its last steps to be recorded."""

_DATABASE_AWAY_PAUSE: Final = 0.5

_log = get_logger(__name__)


class LiveProgress:
    """Implements `Progress`."""

    def __init__(
        self, database: Database, live: LiveStream, clock: Clock, *, together: float = TOGETHER_SECONDS
    ) -> None:
        self._nodes = NodeLog(database, changes_to(live))
        self._live = live
        self._clock = clock
        self._together = together

    @asynccontextmanager
    async def listening(self, job: Job) -> AsyncIterator[Listener]:
        heard = Heard(
            Steps(job, self._nodes, self._clock), Speech(job, self._live, self._clock, together=self._together)
        )
        try:
            yield heard
        finally:
            await heard.end()


class Heard:
    """Implements `Listener` for one attempt."""

    def __init__(self, steps: "Steps", speech: "Speech") -> None:
        self._steps = steps
        self._speech = speech

    def node(self, name: str, milliseconds: float) -> None:
        self._speech.flush()
        self._steps.add(name, milliseconds)

    def token(self, text: str) -> None:
        self._speech.say(text)

    async def end(self) -> None:
        self._speech.flush()
        await self._steps.written()


class Speech:
    """The answer of one attempt as it is spoken; silent for a job that nobody wanted to hear when it was claimed."""

    def __init__(self, job: Job, live: LiveStream, clock: Clock, *, together: float) -> None:
        self._is_heard = job.stream or job.is_watched
        self._attempt = job.attempt
        self._channel = channel_of(job.id)
        self._live = live
        self._clock = clock
        self._together = together
        self._take = 0
        self._offset = 0
        self._pieces: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def say(self, text: str) -> None:
        """An empty piece begins the answer, or begins it anew."""
        if not self._is_heard:
            return
        if not text or self._take == 0:
            self.flush()
            self._take, self._offset = self._take + 1, 0
        if text:
            self._pieces.append(text)
        if self._pieces and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._together, self.flush)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._pieces:
            return
        text = "".join(self._pieces)
        token = Token(attempt=self._attempt, take=self._take, offset=self._offset, text=text, at=self._clock.now())
        self._pieces.clear()
        self._offset += len(text)
        self._live.tell(self._channel, as_payload(token))


class Steps:
    """The steps of one attempt, recorded in their order while it goes on."""

    def __init__(self, job: Job, log: NodeLog, clock: Clock) -> None:
        self._job = job
        self._log = log
        self._clock = clock
        self._waiting: list[dict[str, Any]] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, name: str, milliseconds: float) -> None:
        self._waiting.append(
            {
                "id": str(self._job.id),
                "attempt": self._job.attempt,
                "at": self._clock.now().isoformat(),
                "data": {"name": name, "ms": round(milliseconds, 1), "attempt": self._job.attempt},
            }
        )
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def written(self) -> None:
        if self._writing is None:
            return
        _, late = await asyncio.wait([self._writing], timeout=_WRITTEN_WITHIN)
        for writing in late:
            writing.cancel()
            _log.warning("steps_not_recorded", job_id=str(self._job.id))

    async def _write(self) -> None:
        while self._waiting:
            try:
                await self._log.record(rows := self._waiting.copy())
                del self._waiting[: len(rows)]
            except Unavailable:
                await asyncio.sleep(_DATABASE_AWAY_PAUSE)
            except Exception:  # noqa: BLE001 - the answer is worth more than the record of its steps
                _log.exception("steps_not_recorded", job_id=str(self._job.id))
                self._waiting.clear()
