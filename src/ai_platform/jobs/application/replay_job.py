"""Have a dead job done again."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from ai_platform.jobs.application.ports import KnownJobs
from ai_platform.jobs.domain.errors import InvalidTransition
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """A replay may come twice or too late: a job that is not dead any more is left alone."""

    transactions: Transactions[KnownJobs]
    clock: Clock

    async def __call__(self, job_id: UUID) -> None:
        async with self.transactions(None) as jobs:
            job = await jobs.find(job_id)
            if job is None:
                return
            with suppress(InvalidTransition):
                job.ask_again(now=self.clock.now())
                await jobs.save(job)
