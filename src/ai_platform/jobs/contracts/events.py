"""Facts about jobs that any context may listen to."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from ai_platform.kernel.events import ContractEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCompletedV1(ContractEvent):
    """A job has its answer, which `GET /v1/jobs/{id}` serves."""

    topic: ClassVar[str] = "jobs.completed.v1"

    job_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailedV1(ContractEvent):
    """A job will have no answer; `error_code` says why."""

    topic: ClassVar[str] = "jobs.failed.v1"

    job_id: UUID
    error_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelledV1(ContractEvent):
    """A job was ended by whoever asked for it; it has no answer."""

    topic: ClassVar[str] = "jobs.cancelled.v1"

    job_id: UUID
