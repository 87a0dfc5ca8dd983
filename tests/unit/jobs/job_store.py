"""A job store under test: the ports over the same jobs, and what a test does to the world behind them."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from ai_platform.jobs.application.ports import JobClaims, JobIntake, JobReads, JobView, LostJobs
from ai_platform.jobs.application.recover_lost_jobs import RecoverLostJobs
from ai_platform.jobs.domain.job import Job
from ai_platform.jobs.domain.retry import RetryPolicy
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
    def reads(self) -> JobReads: ...

    def now(self) -> datetime: ...

    async def passes(self, seconds: float) -> None: ...

    async def sent(self) -> list[Sent]: ...

    async def told(self, job: Job) -> list[Told]: ...

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
