"""Have a job that ended without an answer done again."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.jobs.application.ports import KnownJobs
from ai_platform.jobs.domain.errors import JobNotFound
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True)
class RetryJob:
    """What failed or was cancelled takes its place in the queue like a new submission, with all its retries."""

    transactions: Transactions[KnownJobs]
    clock: Clock

    async def __call__(self, tenant_id: UUID, job_id: UUID) -> None:
        """Raises JobNotFound, and InvalidTransition for any other job."""
        async with self.transactions(tenant_id) as jobs:
            job = await jobs.find(job_id)
            if job is None:
                raise JobNotFound(job_id)
            job.ask_again(now=self.clock.now())
            await jobs.save(job)
