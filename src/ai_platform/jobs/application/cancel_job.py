"""Cancel a job."""

from dataclasses import dataclass
from uuid import UUID

from ai_platform.jobs.application.ports import KnownJobs
from ai_platform.jobs.domain.errors import JobNotFound
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.transactions import Transactions


@dataclass(frozen=True, slots=True)
class CancelJob:
    """What has not ended ends now: a waiting retry is not made, and a running attempt stops at its next heartbeat."""

    transactions: Transactions[KnownJobs]
    clock: Clock

    async def __call__(self, tenant_id: UUID, job_id: UUID) -> None:
        """Raises JobNotFound, and InvalidTransition for a job that has ended."""
        async with self.transactions(tenant_id) as jobs:
            job = await jobs.find(job_id)
            if job is None:
                raise JobNotFound(job_id)
            job.cancel(now=self.clock.now())
            await jobs.save(job)
