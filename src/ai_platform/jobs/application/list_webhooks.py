"""What became of a job's completion webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_platform.jobs.application.ports import WebhookLog, WebhookView
from ai_platform.jobs.domain.errors import JobNotFound


@dataclass(frozen=True, slots=True)
class ListWebhooks:
    """The delivery log is shown to the job's own tenant only."""

    log: WebhookLog

    async def __call__(self, tenant_id: UUID, job_id: UUID) -> Sequence[WebhookView]:
        found = await self.log.of_job(tenant_id, job_id)
        if found is None:
            raise JobNotFound(job_id)
        return found
