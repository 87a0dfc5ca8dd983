"""`/v1/jobs`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from ai_platform.jobs.application.ports import JobFilter
from ai_platform.jobs.application.queries import GetJob, ListJobs
from ai_platform.jobs.application.submit_job import SubmitJob
from ai_platform.jobs.domain.job import JobStatus
from ai_platform.jobs.interface.schemas import JobAccepted, JobPage, JobResource, JobSubmission, Name
from ai_platform.runtime import tracing
from ai_platform.runtime.cursors import cursor_of, position_of
from ai_platform.runtime.http import Caller
from ai_platform.runtime.problems import problem_responses


def jobs_router(*, submit: SubmitJob, get: GetJob, list_jobs: ListJobs) -> APIRouter:
    router = APIRouter(prefix="/v1/jobs", tags=["Jobs"])

    @router.post(
        "",
        status_code=202,
        operation_id="submitJob",
        summary="Submit a prompt",
        response_model=JobAccepted,
        responses=problem_responses(401, 403, 413, 422, 503),
    )
    async def submit_job(submission: JobSubmission, caller: Caller) -> Response:
        """Answers 202 once the job is durably stored; `Location` is where its result will be."""
        trace = tracing.current()
        job = await submit(submission.command(caller.tenant_id, trace.headers() if trace else {}))
        body = JobAccepted(job_id=job.id, status=job.status).model_dump_json()
        return Response(body, 202, {"Location": f"/v1/jobs/{job.id}"}, "application/json")

    @router.get(
        "/{job_id}",
        operation_id="getJob",
        summary="One job, with its result",
        response_model=JobResource,
        responses=problem_responses(401, 403, 404, 503),
    )
    async def get_job(job_id: UUID, caller: Caller) -> Response:
        view = await get(caller.tenant_id, job_id)
        body = JobResource.of(view).model_dump_json()
        return Response(body, 200, {"ETag": f'"{view.version}"'}, "application/json")

    @router.get(
        "",
        operation_id="listJobs",
        summary="Jobs, newest first",
        responses=problem_responses(401, 403, 422, 503),
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
