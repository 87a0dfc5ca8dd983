"""Stand-ins for the ports of jobs. `FakeJobStore` passes the suite that PostgreSQL passes."""

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from ai_platform.jobs.application.ports import JobFilter, JobView
from ai_platform.jobs.application.published import published
from ai_platform.jobs.application.wake_ups import RETRY_DUE, WAKE_UP
from ai_platform.jobs.domain.events import JobCreated, JobRetryScheduled
from ai_platform.jobs.domain.job import Job, JobStatus
from ai_platform.llm.contracts.api import Completion, CompletionRequest
from tests.unit.jobs.builders import NOON, a_completion
from tests.unit.jobs.store_suite import LEASE, CommitRefused, Sent


@dataclass
class FakeClock:
    """Time that passes when it is told to."""

    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment

    def passes(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class FakeLlm:
    """Answers what it is told to, raises it, or (None) thinks until it is interrupted."""

    says: Completion | BaseException | None = field(default_factory=a_completion)
    refuses: Exception | None = None
    checked: list[Mapping[str, object]] = field(default_factory=list)
    asked: list[CompletionRequest] = field(default_factory=list)
    thinking: int = 0
    thought_of: asyncio.Event = field(default_factory=asyncio.Event)

    async def require_usable(self, **wanted: str | Mapping[str, str]) -> None:
        self.checked.append(wanted)
        if self.refuses is not None:
            raise self.refuses

    async def complete(self, request: CompletionRequest) -> Completion:
        self.asked.append(request)
        self.thinking += 1
        try:
            if self.says is None:
                await self.thought_of.wait()
                return a_completion()
        finally:
            self.thinking -= 1
        if isinstance(self.says, BaseException):
            raise self.says
        return self.says


@dataclass
class Row:
    job: Job
    fair_at: datetime
    updated_at: datetime
    lease_expires_at: datetime | None = None
    version: int = 1


@dataclass
class FakeJobStore:
    """Jobs in a dictionary, in the time of `clock`; what is written together is kept together or not at all."""

    clock: FakeClock = field(default_factory=FakeClock)
    rows: dict[UUID, Row] = field(default_factory=dict)
    outbox: list[Sent] = field(default_factory=list)
    holders: dict[UUID, asyncio.Task[object]] = field(default_factory=dict)
    taken_away: set[UUID] = field(default_factory=set)
    commits_fail: bool = False

    @property
    def refusal(self) -> type[Exception]:
        return CommitRefused

    @property
    def intake(self) -> "FakeIntake":
        return FakeIntake(self)

    @property
    def claims(self) -> "FakeClaims":
        return FakeClaims(self)

    @property
    def lost_jobs(self) -> "FakeLostJobsTransactions":
        return FakeLostJobsTransactions(self)

    @property
    def reads(self) -> "FakeReads":
        return FakeReads(self)

    def now(self) -> datetime:
        return self.clock.now()

    async def passes(self, seconds: float) -> None:
        self.clock.passes(seconds)

    async def sent(self) -> list[Sent]:
        return list(self.outbox)

    async def take_away(self, job: Job) -> None:
        """Somebody else claims the job that is in hand."""
        self.rows[job.id].job.attempt += 1
        if (holder := self.holders.get(job.id)) is not None:
            self.taken_away.add(job.id)
            holder.cancel()

    @asynccontextmanager
    async def failing_commits(self) -> AsyncIterator[None]:
        self.commits_fail = True
        yield
        self.commits_fail = False

    def commit(self, changed: Sequence[tuple[Job, Row]]) -> None:
        """What became of the jobs, with the messages that follow from it."""
        if self.commits_fail:
            raise CommitRefused
        for job, row in changed:
            self.rows[job.id] = row
            self.outbox += self._messages(job)

    def _messages(self, job: Job) -> Iterator[Sent]:
        headers = dict(job.trace)
        for event in job.take_events():
            if isinstance(event, JobCreated | JobRetryScheduled):
                due = event.next_retry_at if isinstance(event, JobRetryScheduled) else None
                yield Sent(RETRY_DUE if due else WAKE_UP, {"job_id": str(job.id)}, headers, due or self.now())
            if (fact := published(event)) is not None:
                error_code = getattr(fact, "error_code", None)
                body = {"job_id": str(job.id)} | ({"error_code": error_code} if error_code else {})
                yield Sent(fact.topic, body, headers, self.now())


@dataclass
class FakeIntake:
    store: FakeJobStore

    async def accept(self, job: Job) -> None:
        now = self.store.now()
        rivals = (row for row in self.store.rows.values() if row.job.status is JobStatus.QUEUED)
        own = [row for row in rivals if (row.job.tenant_id, row.job.priority) == (job.tenant_id, job.priority)]
        fair_at = max([now, *(row.fair_at + timedelta(seconds=1) for row in own)])
        self.store.commit([(job, Row(_without_events(job), fair_at, now))])


@dataclass
class FakeClaims:
    store: FakeJobStore

    async def offer_due_retries(self) -> None:
        now = self.store.now()
        for row in self.store.rows.values():
            due = row.job.next_retry_at
            if row.job.status is JobStatus.RETRYING and due is not None and due <= now:
                row.job.status, row.job.next_retry_at, row.fair_at = JobStatus.QUEUED, None, now

    async def next(self) -> Job | None:
        now = self.store.now()
        queued = [row for row in self.store.rows.values() if row.job.status is JobStatus.QUEUED]
        if not queued:
            return None
        row = min(queued, key=lambda row: (row.job.priority, row.fair_at, row.job.id))
        row.job.status, row.job.started_at = JobStatus.PROCESSING, row.job.started_at or now
        row.job.attempt += 1
        row.lease_expires_at = now + timedelta(seconds=LEASE)
        row.version += 1
        return copy.copy(row.job)

    @asynccontextmanager
    async def holding(self, job: Job) -> AsyncIterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self.store.holders[job.id] = task
        try:
            yield
        except asyncio.CancelledError:
            if job.id not in self.store.taken_away or task.uncancel():
                raise
        finally:
            del self.store.holders[job.id]
            self.store.taken_away.discard(job.id)

    async def settle(self, job: Job) -> bool:
        await asyncio.sleep(0)
        row = self.store.rows[job.id]
        if (row.job.status, row.job.attempt) != (JobStatus.PROCESSING, job.attempt):
            return False
        self.store.commit([(job, _ended(row, job, self.store.now()))])
        return True


@dataclass
class FakeLostJobsTransactions:
    """`opened_for` remembers whose transaction was asked for."""

    store: FakeJobStore
    opened_for: list[UUID | None] = field(default_factory=list)
    locked: set[UUID] = field(default_factory=set)

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator["FakeLostJobs"]:
        self.opened_for.append(tenant_id)
        lost = FakeLostJobs(self.store, self.locked)
        try:
            yield lost
            self.store.commit(lost.saved)
        finally:
            self.locked -= lost.taken


@dataclass
class FakeLostJobs:
    store: FakeJobStore
    locked: set[UUID]
    taken: set[UUID] = field(default_factory=set)
    saved: list[tuple[Job, Row]] = field(default_factory=list)

    async def take(self, most: int) -> Sequence[Job]:
        now = self.store.now()
        lost = [
            copy.copy(row.job)
            for id_, row in sorted(self.store.rows.items())
            if row.lease_expires_at is not None and row.lease_expires_at < now and id_ not in self.locked
        ][:most]
        self.taken |= {job.id for job in lost}
        self.locked |= self.taken
        await asyncio.sleep(0)
        return lost

    async def save(self, job: Job) -> None:
        self.saved.append((job, _ended(self.store.rows[job.id], job, self.store.now())))


@dataclass
class FakeReads:
    store: FakeJobStore

    async def get(self, tenant_id: UUID, job_id: UUID) -> JobView | None:
        row = self.store.rows.get(job_id)
        return _view(row) if row is not None and row.job.tenant_id == tenant_id else None

    async def page(self, tenant_id: UUID, where: JobFilter, *, before: UUID | None, limit: int) -> Sequence[JobView]:
        rows = (row for _, row in sorted(self.store.rows.items(), reverse=True))
        return [
            _view(row)
            for row in rows
            if row.job.tenant_id == tenant_id
            and where.status in (None, row.job.status)
            and where.config_name in (None, row.job.config_name)
            and (before is None or row.job.id < before)
        ][:limit]


def _without_events(job: Job) -> Job:
    stored = copy.copy(job)
    stored.__dict__ = {name: value for name, value in vars(job).items() if not name.startswith("_")}
    return stored


def _ended(row: Row, job: Job, now: datetime) -> Row:
    ended = copy.copy(row.job)
    for name in ("status", "retry_count", "next_retry_at", "completed_at", "error", "result"):
        setattr(ended, name, getattr(job, name))
    return Row(ended, row.fair_at, now, None, row.version + 1)


def _view(row: Row) -> JobView:
    job = row.job
    return JobView(
        id=job.id,
        status=job.status,
        pipeline=job.pipeline.value,
        prompt=job.prompt,
        config_name=job.config_name,
        template_name=job.template_name,
        result=_storable(job.result.text) if job.result else None,
        error=_public_error(job),
        agent_type=job.result.agent_type if job.result else None,
        usage=_usage(job),
        retry_count=job.retry_count,
        max_retries=job.max_retries,
        next_retry_at=job.next_retry_at,
        metadata=dict(job.metadata),
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def _public_error(job: Job) -> dict[str, object] | None:
    error = job.error
    return error and {"code": error.code, "message": _storable(error.message), "retryable": error.retryable}


def _usage(job: Job) -> dict[str, object] | None:
    result = job.result
    if result is None or result.input_tokens is None or result.output_tokens is None:
        return None
    return {
        "input_tokens": result.input_tokens,
        "output_tokens": result.output_tokens,
        "total_tokens": result.input_tokens + result.output_tokens,
        "cost_usd": None if result.cost_usd is None else float(result.cost_usd),
    }


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
