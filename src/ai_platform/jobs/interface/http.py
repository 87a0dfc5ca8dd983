"""`/v1/jobs`."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from ai_platform.jobs.application.ports import JobFilter
from ai_platform.jobs.application.queries import GetJob, ListJobs
from ai_platform.jobs.application.submit_batch import SubmitBatch
from ai_platform.jobs.application.submit_job import SubmitJob
from ai_platform.jobs.domain.errors import JobNotFound, QueueFull
from ai_platform.jobs.domain.job import JobStatus
from ai_platform.jobs.interface.batches import JobBatch, JobBatchAccepted
from ai_platform.jobs.interface.schemas import JobAccepted, JobPage, JobResource, JobSubmission, Name
from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.runtime import tracing
from ai_platform.runtime.cursors import cursor_of, position_of
from ai_platform.runtime.http import REPLAYED, Caller, OnlyOnce
from ai_platform.runtime.problems import EXAMPLE_ID, refusals

UNKNOWN_CONFIG: Final = InvalidInput(
    "There is no active LLM config 'fast'.",
    violations=(Violation(("config_name",), "There is no active LLM config 'fast'.", "unknown_config"),),
)
BATCH_PATH: Final = "/v1/jobs/batch"
BATCH_BYTES: Final = 32 * 1024 * 1024


def jobs_router(*, submit: SubmitJob, submit_batch: SubmitBatch, get: GetJob, list_jobs: ListJobs) -> APIRouter:
    router = APIRouter(prefix="/v1/jobs", tags=["Jobs"])

    @router.post(
        "",
        status_code=202,
        operation_id="submitJob",
        summary="Submit a prompt",
        response_model=JobAccepted,
        responses=refusals(QueueFull(100_000), UNKNOWN_CONFIG),
    )
    async def submit_job(submission: JobSubmission, caller: Caller, once: OnlyOnce) -> Response:
        """Answers 202 once the job is durably stored; `Location` is where its result will be."""
        accepted = await submit(submission.command(caller.tenant_id, _trace()), once)
        job_id = accepted.job_ids[0]
        body = JobAccepted(job_id=job_id, status=JobStatus.QUEUED).model_dump_json()
        headers = {"Location": f"/v1/jobs/{job_id}"} | (REPLAYED if accepted.is_replay else {})
        return Response(body, 202, headers, "application/json")

    @router.post(
        "/batch",
        status_code=202,
        operation_id="submitJobs",
        summary="Submit many prompts, all or none",
        response_model=JobBatchAccepted,
        responses=refusals(QueueFull(100_000), UNKNOWN_CONFIG),
    )
    async def submit_jobs(batch: JobBatch, caller: Caller, once: OnlyOnce) -> Response:
        """Answers 202 once all jobs are durably stored; when one cannot be accepted, none is."""
        accepted = await submit_batch(caller.tenant_id, batch.commands(caller.tenant_id, _trace()), once)
        body = JobBatchAccepted.of(accepted).model_dump_json()
        return Response(body, 202, REPLAYED if accepted.is_replay else None, "application/json")

    @router.get(
        "/{job_id:uuid}",
        operation_id="getJob",
        summary="One job, with its result",
        response_model=JobResource,
        responses=refusals(JobNotFound(EXAMPLE_ID)),
    )
    async def get_job(job_id: UUID, caller: Caller) -> Response:
        view = await get(caller.tenant_id, job_id)
        body = JobResource.of(view).model_dump_json()
        return Response(body, 200, {"ETag": f'"{view.version}"'}, "application/json")

    @router.get(
        "",
        operation_id="listJobs",
        summary="Jobs, newest first",
    )
    async def list_(
        caller: Caller,
        status: JobStatus | None = None,
        config_name: Name | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: str | None = None,
    ) -> JobPage:
        where = JobFilter(status=status, config_name=config_name)
        views, more = await list_jobs(caller.tenant_id, where, before=position_of(cursor), limit=limit)
        return JobPage(
            items=[JobResource.of(one) for one in views], next_cursor=cursor_of(views[-1].id) if more else None
        )

    return router


def _trace() -> dict[str, str]:
    trace = tracing.current()
    return trace.headers() if trace else {}
