"""What the use cases of jobs need from the world."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from ai_platform.jobs.domain.job import Job, JobStatus
from ai_platform.kernel.once import Once
from ai_platform.llm.contracts.api import Listener


@dataclass(frozen=True, slots=True)
class Accepted:
    """The jobs behind a 202; `is_replay` when they were accepted by an earlier request with the same key."""

    job_ids: tuple[UUID, ...]
    is_replay: bool = False


class JobIntake(Protocol):
    async def accept(self, job: Job) -> None:
        """Returns once the job and its wake-up are committed. Raises Unavailable; then nothing was kept.

        Raises QueueFull when its tenant has too many waiting.
        """

    async def accept_together(self, jobs: Sequence[Job], once: Once | None) -> Accepted:
        """All of them or none, of one tenant, and with `once` no second time. Raises Conflict and InvalidInput for it.

        Raises Unavailable and QueueFull like `accept`.
        """

    async def earlier(self, tenant_id: UUID, once: Once) -> Accepted | None:
        """What was accepted under this key before. Raises InvalidInput when it stood for something else."""


class KnownJobs(Protocol):
    """Jobs that somebody decides about, inside one transaction."""

    async def find(self, job_id: UUID) -> Job | None:
        """Nobody else changes it until the transaction is left."""

    async def save(self, job: Job) -> None:
        """With what follows from it."""


class Callbacks(Protocol):
    async def require_signed(self, tenant_id: UUID) -> None:
        """There is a secret to sign this tenant's callbacks with. Raises InvalidInput, Unavailable."""

    def check(self, url: str) -> str:
        """The URL again, if a job's end may be told there. Raises InvalidInput."""


class JobClaims(Protocol):
    async def next(self) -> Job | None:
        """Claim the next job by priority class and fair share, over all tenants; None when nothing waits."""

    async def offer_due_retries(self) -> None:
        """RETRYING jobs whose `next_retry_at` has come become QUEUED: each tenant's first from now on, the others
        behind it at the pace of submissions."""

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
class WebhookView:
    """One completion webhook of a job: what became of it, and each try so far, oldest first."""

    id: UUID
    type: str
    url: str
    status: str
    tries: Sequence[dict[str, Any]]
    due_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


class WebhookLog(Protocol):
    async def of_job(self, tenant_id: UUID, job_id: UUID) -> Sequence[WebhookView] | None:
        """Newest first; None when the tenant has no such job."""


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
    answered_by: str | None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """One event of a job as it is recorded; ids rise in the order in which the events of a job were committed."""

    id: int
    type: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of an answer under way: heard now or never.

    When `attempt` or `take` differs from the last token's, the answer began anew and what was heard before counts
    for nothing. `offset` is where in the answer the piece stands, in characters: a gap was missed.
    """

    attempt: int
    take: int
    offset: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class JobHistory:
    """Events, oldest first, and whether the job had ended when they were read."""

    events: Sequence[RecordedEvent]
    has_ended: bool


class JobEventReads(Protocol):
    async def after(self, tenant_id: UUID, job_id: UUID, event_id: int) -> JobHistory | None:
        """All events with a higher id; None when the tenant has no such job."""


class JobFollowers(Protocol):
    """Those who follow a job live; workers are told that somebody does."""

    def require_room(self) -> None:
        """Raises Unavailable when this process has as many as it may."""

    def following(
        self, tenant_id: UUID, job_id: UUID
    ) -> AbstractAsyncContextManager[AsyncGenerator[Token | None, None]]:
        """From its beginning a signal comes for everything that happens, and the first comes at once.

        None means that events may have been recorded. The signals end when this process is to stop.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one tenant's jobs used; `cost_usd` counts those whose config has prices."""

    tenant_id: UUID
    jobs: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal


class UsageReads(Protocol):
    async def usage(
        self, tenant_id: UUID | None, begins: datetime, ends: datetime, *, after: UUID | None, limit: int
    ) -> Sequence[Usage]:
        """By tenant id, beyond `after`; tenants without a job are left out. `ends` is excluded."""
