"""Reads of jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.jobs.application.ports import JobFilter, JobReads, JobView
from ai_platform.jobs.domain.errors import JobNotFound


@dataclass(frozen=True, slots=True)
class GetJob:
    """A job is shown to its own tenant only; for anybody else it does not exist."""

    reads: JobReads

    async def __call__(self, tenant_id: UUID, job_id: UUID) -> JobView:
        job = await self.reads.get(tenant_id, job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job


@dataclass(frozen=True, slots=True)
class ListJobs:
    """Newest first; one more than a page tells whether there is another."""

    reads: JobReads

    async def __call__(
        self, tenant_id: UUID, where: JobFilter, *, before: UUID | None, limit: int
    ) -> tuple[Sequence[JobView], bool]:
        jobs = await self.reads.page(tenant_id, where, before=before, limit=limit + 1)
        return jobs[:limit], len(jobs) > limit
