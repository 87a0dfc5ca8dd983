"""A job store under test: the ports over the same jobs, and what a test does to the world behind them."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from ai_platform.jobs.application.cancel_job import CancelJob
from ai_platform.jobs.application.ports import JobClaims, JobIntake, JobReads, JobView, KnownJobs, LostJobs
from ai_platform.jobs.application.recover_lost_jobs import RecoverLostJobs
from ai_platform.jobs.application.retry_job import RetryJob
from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.domain.retry import RetryPolicy
from ai_platform.kernel.once import Once
from ai_platform.kernel.transactions import Transactions
from tests.unit.jobs.builders import a_fault, a_job

LEASE: Final = 60.0
"""Seconds for which a store under test gives a claim."""

AT_ONCE: Final = timedelta(seconds=10)
"""A message without a time belongs to its writer's relay for a few seconds, then to any."""

RETRIES: Final = RetryPolicy(shortest=30.0, longest=30.0)
TRACE: Final = {"x-request-id": "abc", "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"}


class CommitRefused(Exception):
    """The store was told to fail at the last moment."""


@dataclass(frozen=True)
class Sent:
    """A message that waits to be published."""

    type: str
    body: dict[str, Any]
    headers: dict[str, str]
    available_at: datetime


@dataclass(frozen=True)
class Told:
    """One remembered event of a job."""

    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Called:
    """What is told to a job's callback."""

    url: str
    type: str
    result: str | None
    error: dict[str, Any] | None


class JobStore(Protocol):
    """The ports, and what a test does to the world behind them."""

    @property
    def refusal(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What a failing commit raises."""

    @property
    def intake(self) -> JobIntake: ...

    @property
    def claims(self) -> JobClaims: ...

    @property
    def lost_jobs(self) -> Transactions[LostJobs]: ...

    @property
    def known_jobs(self) -> Transactions[KnownJobs]: ...

    @property
    def reads(self) -> JobReads: ...

    def now(self) -> datetime: ...

    async def passes(self, seconds: float) -> None: ...

    async def sent(self) -> list[Sent]: ...

    async def told(self, job: Job) -> list[Told]: ...

    async def dead_letter(self, job: Job) -> tuple[str, list[int]] | None:
        """Why the job is dead, and which attempts died before; None when no letter waits."""

    async def callbacks(self) -> list[Called]: ...

    async def watch(self, job: Job) -> None: ...

    async def followers_told(self) -> list[UUID]: ...

    async def take_away(self, job: Job) -> None: ...

    def failing_commits(self) -> AbstractAsyncContextManager[None]: ...


async def accepted(store: JobStore, **changes: Any) -> Job:
    job = a_job(**{"created_at": store.now(), **changes})
    job.accept()
    await store.intake.accept(job)
    return job


async def claimed(store: JobStore) -> Job:
    job = await store.claims.next()
    assert job is not None
    return job


async def claimed_again(store: JobStore) -> Job:
    """A retry is claimed once it has been offered."""
    await store.claims.offer_due_retries()
    return await claimed(store)


async def seen(store: JobStore, job: Job) -> JobView:
    view = await store.reads.get(job.tenant_id, job.id)
    assert view is not None
    return view


async def recovered(store: JobStore) -> int:
    return await RecoverLostJobs(store.lost_jobs, store)()


def retry(job: Job, store: JobStore, **fault: Any) -> datetime:
    job.fail_attempt(a_fault(**fault), policy=RETRIES, luck=0.5, now=store.now())
    assert job.next_retry_at is not None
    return job.next_retry_at


def once(key: str = "k", **changes: Any) -> Once:
    return Once(**{"actor": "anna", "path": "/v1/jobs", "key": key, "fingerprint": b"1" * 32, **changes})


async def cancelled(store: JobStore, job: Job) -> None:
    await CancelJob(store.known_jobs, store)(job.tenant_id, job.id)


async def asked_again(store: JobStore, job: Job) -> None:
    await RetryJob(store.known_jobs, store)(job.tenant_id, job.id)


async def failed(store: JobStore, **changes: Any) -> Job:
    """A job that has had its only attempt."""
    await accepted(store, **{"max_retries": 0, **changes})
    job = await claimed(store)
    job.fail_attempt(a_fault(), policy=RETRIES, luck=0.5, now=store.now())
    assert await store.claims.settle(job)
    return job
