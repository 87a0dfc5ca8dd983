"""`/v1/jobs/{id}/cancel` and `/retry`: what a caller decides about a job."""

from uuid import UUID

from fastapi import APIRouter, Response

from ai_platform.jobs.application.cancel_job import CancelJob
from ai_platform.jobs.application.queries import GetJob
from ai_platform.jobs.application.retry_job import RetryJob
from ai_platform.jobs.domain.errors import InvalidTransition, JobNotFound
from ai_platform.jobs.interface.schemas import JobResource
from ai_platform.runtime.http import Caller
from ai_platform.runtime.problems import EXAMPLE_ID, refusals


def decisions_router(*, cancel: CancelJob, retry: RetryJob, get: GetJob) -> APIRouter:
    router = APIRouter(prefix="/v1/jobs", tags=["Jobs"])

    @router.post(
        "/{job_id}/cancel",
        status_code=202,
        operation_id="cancelJob",
        summary="Cancel a job that has not ended",
        response_model=JobResource,
        responses=refusals(JobNotFound(EXAMPLE_ID), InvalidTransition("COMPLETED", "CANCELLED")),
    )
    async def cancel_job(job_id: UUID, caller: Caller) -> Response:
        """The job is CANCELLED at once; a model call that is under way for it stops within two seconds."""
        await cancel(caller.tenant_id, job_id)
        return await _shown(caller.tenant_id, job_id)

    @router.post(
        "/{job_id}/retry",
        status_code=202,
        operation_id="retryJob",
        summary="Have a failed or cancelled job done again",
        response_model=JobResource,
        responses=refusals(JobNotFound(EXAMPLE_ID), InvalidTransition("COMPLETED", "QUEUED")),
    )
    async def retry_job(job_id: UUID, caller: Caller) -> Response:
        """The job is QUEUED again, with all its retries before it."""
        await retry(caller.tenant_id, job_id)
        return await _shown(caller.tenant_id, job_id)

    async def _shown(tenant_id: UUID, job_id: UUID) -> Response:
        view = await get(tenant_id, job_id)
        body = JobResource.of(view).model_dump_json()
        return Response(body, 202, {"ETag": f'"{view.version}"'}, "application/json")

    return router
