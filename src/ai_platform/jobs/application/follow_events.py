"""Follow a job: its past events, then what happens until it ends."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from ai_platform.jobs.application.history import CANCELLED, COMPLETED, FAILED
from ai_platform.jobs.application.ports import JobEventReads, JobFollowers, JobHistory, RecordedEvent, Token
from ai_platform.jobs.domain.errors import JobNotFound
from ai_platform.kernel.errors import Unavailable

_ENDS = frozenset({COMPLETED, FAILED, CANCELLED})


@dataclass(frozen=True, slots=True)
class ListEvents:
    """What is recorded of a job, oldest first; shown to its own tenant only."""

    reads: JobEventReads

    async def __call__(self, tenant_id: UUID, job_id: UUID) -> list[RecordedEvent]:
        history = await self.reads.after(tenant_id, job_id, 0)
        if history is None:
            raise JobNotFound(job_id)
        return list(history.events)


@dataclass(frozen=True, slots=True)
class FollowEvents:
    """No recorded event is lost and none comes twice: one listens first, then reads, and reads again when woken.

    Tokens come while they are heard and are recorded nowhere. A stream may end before the job does (the process
    drains, the database is away): whoever follows comes back with the last id that it saw.
    """

    reads: JobEventReads
    followers: JobFollowers

    async def __call__(
        self, tenant_id: UUID, job_id: UUID, *, after: int
    ) -> AsyncGenerator[RecordedEvent | Token, None] | None:
        """None when the job has ended and nothing of it comes after `after`.

        Raises JobNotFound, and Unavailable when as many follow as may; both before there is a stream.
        """
        history = await self.reads.after(tenant_id, job_id, after)
        if history is None:
            raise JobNotFound(job_id)
        if history.has_ended and not history.events:
            return None
        if _ends(history):
            return _replay(history)
        self.followers.require_room()
        return self._follow(tenant_id, job_id, after)

    async def _follow(self, tenant_id: UUID, job_id: UUID, after: int) -> AsyncGenerator[RecordedEvent | Token, None]:
        try:
            async with self.followers.following(tenant_id, job_id) as signals, aclosing(signals):
                async for signal in signals:
                    if signal is not None:
                        yield signal
                        continue
                    history = await self.reads.after(tenant_id, job_id, after) or JobHistory((), has_ended=True)
                    for event in history.events:
                        after = event.id
                        yield event
                    if _ends(history):
                        return
        except Unavailable:
            return


async def _replay(history: JobHistory) -> AsyncGenerator[RecordedEvent | Token, None]:
    for event in history.events:
        yield event


def _ends(history: JobHistory) -> bool:
    """A job that was asked for again has an end in the middle: only the last event tells."""
    return history.events[-1].type in _ENDS if history.events else history.has_ended
