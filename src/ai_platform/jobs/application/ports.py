"""What the use cases of jobs need from the world."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from ai_platform.jobs.domain.job import Job, JobStatus
from ai_platform.llm.contracts.api import Listener


class JobIntake(Protocol):
    async def accept(self, job: Job) -> None:
        """Returns once the job and its wake-up are committed. Raises Unavailable; then nothing was kept."""


class JobClaims(Protocol):
    async def next(self) -> Job | None:
        """Claim the next job by priority class and fair share, over all tenants; None when nothing waits."""

    async def offer_due_retries(self) -> None:
        """RETRYING jobs whose `next_retry_at` has come become QUEUED, behind those of their priority that wait."""

    def holding(self, job: Job) -> AbstractAsyncContextManager[None]:
        """Keep the claim alive for the block, and leave the block quietly as soon as the claim is lost."""

    async def settle(self, job: Job) -> bool:
        """Write how the attempt ended, with what follows from it; False when the claim was not ours any more.

        An answer is not given up because the database is away: this waits for it.
        """


class Progress(Protocol):
    def listening(self, job: Job) -> AbstractAsyncContextManager[Listener]:
        """Tells whoever follows the job what is heard of its attempt during the block. Never raises."""


class LostJobs(Protocol):
    """Jobs whose claim ran out, inside one transaction."""

    async def take(self, most: int) -> Sequence[Job]: ...

    async def save(self, job: Job) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One job as it is shown."""

    id: UUID
    status: JobStatus
    pipeline: str
    prompt: str
    config_name: str
    template_name: str
    result: str | None
    error: dict[str, Any] | None
    agent_type: str | None
    usage: dict[str, Any] | None
    retry_count: int
    max_retries: int
    next_retry_at: datetime | None
    metadata: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    status: JobStatus | None = None
    config_name: str | None = None


class JobReads(Protocol):
    async def get(self, tenant_id: UUID, job_id: UUID) -> JobView | None: ...

    async def page(self, tenant_id: UUID, where: JobFilter, *, before: UUID | None, limit: int) -> Sequence[JobView]:
        """Newest first, strictly older than the job `before`: ids are in order of time."""
