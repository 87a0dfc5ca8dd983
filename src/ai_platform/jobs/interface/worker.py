"""The LLM worker: wake-ups from the queue become claimed jobs, up to a number at a time."""

import asyncio
import math
from typing import Final
from uuid import UUID

from ai_platform.jobs.application.offer_due_retries import OfferDueRetries
from ai_platform.jobs.application.recover_lost_jobs import SWEEP, RecoverLostJobs
from ai_platform.jobs.application.replay_job import ReplayJob
from ai_platform.jobs.application.run_next_job import RunNextJob
from ai_platform.jobs.application.wake_ups import REPLAY, RETRY_DUE
from ai_platform.kernel.errors import InvalidInput, Unavailable
from ai_platform.runtime.bus import Message
from ai_platform.runtime.logging import get_logger

HAND_BACK_SECONDS: Final = 3.0
"""How much of the grace at shutdown is kept for handing unfinished jobs back."""

_POLLED_AT_MOST: Final = 100

_log = get_logger(__name__)


class JobWorker:
    """Runs at most `concurrency` jobs at a time, whether a message or the poll found them.

    A message is only a wake-up: it is done when the job that it led to is committed, or when there was none.
    """

    def __init__(
        self,
        run_next: RunNextJob,
        offer_retries: OfferDueRetries,
        recover: RecoverLostJobs,
        replay: ReplayJob,
        *,
        concurrency: int,
        lease: float,
    ) -> None:
        self._run_next = run_next
        self._offer_retries = offer_retries
        self._recover = recover
        self._replay = replay
        self._lease = lease
        self._sweep_from = 0.0
        self._free = concurrency
        self._slots = asyncio.Semaphore(concurrency)
        self._running: set[asyncio.Task[None]] = set()
        self._draining = False

    async def on_wake_up(self, message: Message) -> None:
        """Cancelled while draining: then the message gets no verdict and goes to another worker."""
        if message.type == RETRY_DUE:
            await self._offer_retries()
        elif message.type == REPLAY:
            await self._replay(_job_id_of(message))
        await self._start()

    async def poll(self) -> None:
        """Jobs whose wake-up was lost (a queue may lose everything) are found without it."""
        await self._offer_retries()
        for _ in range(min(self._free, _POLLED_AT_MOST)):
            self._start().add_done_callback(_log_failure)

    async def sweep(self) -> None:
        """Recover everything whose worker died.

        After the database was away every lease has run out: for one lease the living come first, to renew theirs.
        """
        now = asyncio.get_running_loop().time()
        try:
            if self._sweep_from == math.inf:
                await self._offer_retries()
                self._sweep_from = now + self._lease
            while now >= self._sweep_from and await self._recover() == SWEEP:
                pass
        except Unavailable:
            self._sweep_from = math.inf
            raise

    async def drain(self, grace: float) -> None:
        """Finish what is running within `grace` seconds, then hand back the rest."""
        self._draining = True
        if self._running:
            await asyncio.wait(self._running, timeout=max(0.0, grace - HAND_BACK_SECONDS))
        left = list(self._running)
        for task in left:
            task.cancel()
        if left:
            _log.info("jobs_handed_back", jobs=len(left))
            await asyncio.wait(left, timeout=HAND_BACK_SECONDS)

    def _start(self) -> asyncio.Task[None]:
        task = asyncio.create_task(self._run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _run(self) -> None:
        async with self._slots:
            if self._draining:
                raise asyncio.CancelledError
            self._free -= 1
            try:
                await self._run_next()
            finally:
                self._free += 1


def _job_id_of(message: Message) -> UUID:
    """Raises InvalidInput."""
    try:
        return UUID(message.body["job_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidInput(f"The message {message.id} names no job to replay.") from None


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Unavailable):
        _log.error("polled_job_failed", exc_info=error)
