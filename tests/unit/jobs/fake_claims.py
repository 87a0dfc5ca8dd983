"""The claims of `FakeJobStore`, alive and lost."""

import asyncio
import copy
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from ai_platform.jobs.application.history import QUEUED, STARTED
from ai_platform.jobs.domain.job import Job, JobStatus, Priority
from tests.unit.jobs.fake_rows import Row, ended
from tests.unit.jobs.job_store import LEASE

if TYPE_CHECKING:
    from tests.unit.jobs.fake_store import FakeJobStore


@dataclass
class FakeClaims:
    store: "FakeJobStore"

    async def offer_due_retries(self) -> None:
        now = self.store.now()
        retrying = [row for row in self.store.rows.values() if row.job.status is JobStatus.RETRYING]
        due = [row for row in retrying if row.job.next_retry_at is not None and row.job.next_retry_at <= now]
        ahead: Counter[tuple[UUID, Priority]] = Counter()
        for row in due:
            share = row.job.tenant_id, row.job.priority
            row.job.status, row.job.next_retry_at = JobStatus.QUEUED, None
            row.fair_at = now + timedelta(seconds=ahead[share])
            ahead[share] += 1
            self.store.tell(row.job.id, QUEUED, {})

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
        self.store.tell(row.job.id, STARTED, {"attempt": row.job.attempt})
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
        self.store.commit([(job, ended(row, job, self.store.now()))])
        return True


@dataclass
class FakeLostJobsTransactions:
    """`opened_for` remembers whose transaction was asked for."""

    store: "FakeJobStore"
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
    store: "FakeJobStore"
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
        self.saved.append((job, ended(self.store.rows[job.id], job, self.store.now())))
