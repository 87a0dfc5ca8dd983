"""`/v1/jobs/{id}/webhooks`, to be included below `/v1/jobs`."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from ai_platform.jobs.application.list_webhooks import ListWebhooks
from ai_platform.jobs.application.ports import WebhookView
from ai_platform.jobs.domain.errors import JobNotFound
from ai_platform.runtime.http import Caller
from ai_platform.runtime.problems import EXAMPLE_ID, refusals

_EXAMPLE: dict[str, Any] = {
    "id": "0199f000-0000-7000-8000-000000000002",
    "type": "job.completed",
    "url": "https://example.com/hooks/jobs",
    "status": "delivered",
    "tries": [{"attempt": 1, "at": "2026-01-05T09:00:01Z", "status_code": 200, "error": None, "milliseconds": 84}],
    "due_at": None,
    "created_at": "2026-01-05T09:00:00Z",
    "ended_at": "2026-01-05T09:00:01Z",
}


class WebhookTry(BaseModel):
    """One try: the answer's status, or the class of the error. Never what the receiver wrote."""

    attempt: int
    at: datetime
    status_code: int | None
    error: str | None
    milliseconds: int


class WebhookResource(BaseModel):
    """`id` is the receiver's `webhook-id`; `due_at` is when the next try is due, null once it ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    type: str
    url: str
    status: Literal["pending", "delivered", "failed"]
    tries: list[WebhookTry]
    due_at: datetime | None
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, view: WebhookView) -> Self:
        return cls.model_validate({name: getattr(view, name) for name in cls.model_fields})


class WebhookPage(BaseModel):
    items: list[WebhookResource]
    next_cursor: str | None = None


def job_webhooks_router(list_webhooks: ListWebhooks) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/{job_id}/webhooks",
        operation_id="listJobWebhooks",
        summary="The delivery log of a job's completion webhook",
        responses=refusals(JobNotFound(EXAMPLE_ID)),
    )
    async def list_job_webhooks(job_id: UUID, caller: Caller) -> WebhookPage:
        found = await list_webhooks(caller.tenant_id, job_id)
        return WebhookPage(items=[WebhookResource.of(one) for one in found])

    return router
