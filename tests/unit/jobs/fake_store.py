"""Jobs in a dictionary. `FakeJobStore` passes the suite that PostgreSQL passes."""

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ai_platform.jobs.application.history import COMPLETED, NODE, QUEUED, STARTED, happening
from ai_platform.jobs.application.ports import Accepted, JobFilter, JobView
from ai_platform.jobs.application.published import published
from ai_platform.jobs.application.wake_ups import RETRY_DUE, WAKE_UP
from ai_platform.jobs.domain.errors import QueueFull
from ai_platform.jobs.domain.events import JobCreated, JobRequeued, JobRetryScheduled
from ai_platform.jobs.domain.job import TERMINAL, Job, JobStatus
from ai_platform.kernel.errors import InvalidInput
from ai_platform.kernel.once import Once
from tests.unit.jobs.fake_claims import FakeClaims, FakeLostJobsTransactions
from tests.unit.jobs.fake_rows import Row, storable, view_of, without_events
from tests.unit.jobs.fakes import FakeClock
from tests.unit.jobs.job_store import Called, CommitRefused, Sent, Told


@dataclass
class FakeJobStore:
    """Jobs in a dictionary, in the time of `clock`; what is written together is kept together or not at all."""

    clock: FakeClock = field(default_factory=FakeClock)
    rows: dict[UUID, Row] = field(default_factory=dict)
    outbox: list[Sent] = field(default_factory=list)
    holders: dict[UUID, asyncio.Task[object]] = field(default_factory=dict)
    deciding: asyncio.Lock = field(default_factory=asyncio.Lock)
    taken_away: set[UUID] = field(default_factory=set)
    queue_limit: int = 1000
    answers: dict[tuple[UUID, str, str, str], tuple[bytes, datetime, Accepted]] = field(default_factory=dict)
    history: dict[UUID, list[Told]] = field(default_factory=dict)
    letters: dict[UUID, tuple[str, list[int]]] = field(default_factory=dict)
    called_back: list[Called] = field(default_factory=list)
    followed: list[UUID] = field(default_factory=list)
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
    def known_jobs(self) -> "FakeKnownJobsTransactions":
        return FakeKnownJobsTransactions(self)

    @property
    def reads(self) -> "FakeReads":
        return FakeReads(self)

    def now(self) -> datetime:
        return self.clock.now()

    async def passes(self, seconds: float) -> None:
        self.clock.passes(seconds)

    async def sent(self) -> list[Sent]:
        return list(self.outbox)

    async def told(self, job: Job) -> list[Told]:
        return list(self.history.get(job.id, ()))

    async def dead_letter(self, job: Job) -> tuple[str, list[int]] | None:
        return self.letters.get(job.id)

    async def callbacks(self) -> list[Called]:
        return list(self.called_back)

    async def watch(self, job: Job) -> None:
        self.rows[job.id].job.is_watched = True

    async def followers_told(self) -> list[UUID]:
        return list(self.followed)

    def tell(self, job_id: UUID, type_: str, data: dict[str, Any]) -> None:
        self.history.setdefault(job_id, []).append(Told(type_, data))
        if type_ not in (QUEUED, STARTED, NODE) or self.rows[job_id].job.is_watched:
            self.followed.append(job_id)

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

    def place_of(self, job: Job, rivals: Sequence[Row]) -> datetime:
        """Behind its tenant's last one of the same priority."""
        own = [row for row in rivals if (row.job.tenant_id, row.job.priority) == (job.tenant_id, job.priority)]
        return max([self.now(), *(row.fair_at + timedelta(seconds=1) for row in own)])

    def commit(self, changed: Sequence[tuple[Job, Row]]) -> None:
        """What became of the jobs, with the messages that follow from it."""
        if self.commits_fail:
            raise CommitRefused
        for job, row in changed:
            self.rows[job.id] = row
            self.outbox += self._messages(job)
            self._tell_others(job)

    def _tell_others(self, job: Job) -> None:
        """Dead letters and callbacks."""
        if job.status is JobStatus.FAILED and job.error is not None:
            self.letters[job.id] = job.error.code, [one.attempt for one in job.attempts]
        elif job.status is JobStatus.QUEUED:
            self.letters.pop(job.id, None)
        if job.status in TERMINAL and job.callback_url is not None:
            view = view_of(self.rows[job.id])
            type_ = f"job.{view.status.lower()}"
            self.called_back.append(Called(job.callback_url, type_, view.result, view.error))

    def _messages(self, job: Job) -> Iterator[Sent]:
        headers = dict(job.trace)
        for event in job.take_events():
            if (told := happening(job, event)) is not None:
                result = {"result": storable(job.result.text)} if job.result and told.type == COMPLETED else {}
                self.tell(job.id, told.type, _stored(told.data) | result)
            if isinstance(event, JobCreated | JobRequeued | JobRetryScheduled):
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
        await self.accept_together([job], None)

    async def accept_together(self, jobs: Sequence[Job], once: Once | None) -> Accepted:
        tenant_id = jobs[0].tenant_id
        queued = [row for row in self.store.rows.values() if row.job.status is JobStatus.QUEUED]
        if sum(row.job.tenant_id == tenant_id for row in queued) + len(jobs) > self.store.queue_limit:
            raise QueueFull(self.store.queue_limit)
        if once is not None and (earlier := await self.earlier(tenant_id, once)) is not None:
            return earlier
        arrivals: list[tuple[Job, Row]] = []
        for job in jobs:
            rivals = [*queued, *(row for _, row in arrivals)]
            arrivals.append((job, Row(without_events(job), self.store.place_of(job, rivals), self.store.now())))
        self.store.commit(arrivals)
        accepted = Accepted(tuple(job.id for job in jobs))
        if once is not None:
            self.store.answers[_key(tenant_id, once)] = (once.fingerprint, self.store.now(), accepted)
        return accepted

    async def earlier(self, tenant_id: UUID, once: Once) -> Accepted | None:
        found = self.store.answers.get(_key(tenant_id, once))
        if found is None or found[1] <= self.store.now() - timedelta(hours=24):
            return None
        if found[0] != once.fingerprint:
            raise InvalidInput("Another body.", code="idempotency_key_reused")
        return Accepted(found[2].job_ids, is_replay=True)


def _key(tenant_id: UUID, once: Once) -> tuple[UUID, str, str, str]:
    return tenant_id, once.actor, once.path, once.key


@dataclass
class FakeKnownJobsTransactions:
    """One decision at a time, like the row's lock."""

    store: FakeJobStore

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator["FakeKnownJobs"]:
        async with self.store.deciding:
            known = FakeKnownJobs(self.store, tenant_id)
            yield known
            self.store.commit(known.saved)
            for job, _ in known.saved:
                if (holder := self.store.holders.get(job.id)) is not None:
                    self.store.taken_away.add(job.id)
                    holder.cancel()


@dataclass
class FakeKnownJobs:
    store: FakeJobStore
    tenant_id: UUID | None
    saved: list[tuple[Job, Row]] = field(default_factory=list)

    async def find(self, job_id: UUID) -> Job | None:
        await asyncio.sleep(0)
        row = self.store.rows.get(job_id)
        return copy.copy(row.job) if row is not None and self.tenant_id in (None, row.job.tenant_id) else None

    async def save(self, job: Job) -> None:
        row = self.store.rows[job.id]
        rivals = [one for one in self.store.rows.values() if one.job.status is JobStatus.QUEUED]
        place = self.store.place_of(job, rivals) if job.status is JobStatus.QUEUED else row.fair_at
        self.saved.append((job, Row(without_events(job), place, self.store.now(), None, row.version + 1)))


@dataclass
class FakeReads:
    store: FakeJobStore

    async def get(self, tenant_id: UUID, job_id: UUID) -> JobView | None:
        row = self.store.rows.get(job_id)
        return view_of(row) if row is not None and row.job.tenant_id == tenant_id else None

    async def page(self, tenant_id: UUID, where: JobFilter, *, before: UUID | None, limit: int) -> Sequence[JobView]:
        rows = (row for _, row in sorted(self.store.rows.items(), reverse=True))
        return [
            view_of(row)
            for row in rows
            if row.job.tenant_id == tenant_id
            and where.status in (None, row.job.status)
            and where.config_name in (None, row.job.config_name)
            and (before is None or row.job.id < before)
        ][:limit]


def _stored(data: Mapping[str, Any]) -> dict[str, Any]:
    error = data.get("error")
    return dict(data) | ({"error": error | {"message": storable(error["message"])}} if error else {})
