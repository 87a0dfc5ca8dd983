"""Many jobs as JSON."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ai_platform.jobs.application.ports import Accepted
from ai_platform.jobs.application.submit_batch import BATCH_SIZE
from ai_platform.jobs.application.submit_job import SubmitJobCommand
from ai_platform.jobs.domain.job import JobStatus
from ai_platform.jobs.interface.schemas import JobAccepted, JobSubmission


class JobBatch(BaseModel):
    """Submissions that are accepted together or not at all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"jobs": [{"prompt": "Write a haiku"}, {"prompt": "Write a limerick"}]}]},
    )

    jobs: Annotated[list[JobSubmission], Field(min_length=1, max_length=BATCH_SIZE)]

    def commands(self, tenant_id: UUID, trace: dict[str, str]) -> list[SubmitJobCommand]:
        return [one.command(tenant_id, trace) for one in self.jobs]


class JobBatchAccepted(BaseModel):
    """In the order of the submissions."""

    jobs: list[JobAccepted]

    @classmethod
    def of(cls, accepted: Accepted) -> "JobBatchAccepted":
        return cls(jobs=[JobAccepted(job_id=job_id, status=JobStatus.QUEUED) for job_id in accepted.job_ids])
