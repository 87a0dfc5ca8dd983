"""Which domain events become facts for everybody."""

from ai_platform.jobs.contracts.events import JobCancelledV1, JobCompletedV1, JobFailedV1
from ai_platform.jobs.domain.events import JobCancelled, JobCompleted, JobFailed
from ai_platform.kernel.events import ContractEvent, DomainEvent


def published(event: DomainEvent) -> ContractEvent | None:
    """None for what stays inside this context."""
    match event:
        case JobCompleted():
            return JobCompletedV1(tenant_id=event.tenant_id, occurred_at=event.occurred_at, job_id=event.job_id)
        case JobFailed():
            return JobFailedV1(
                tenant_id=event.tenant_id,
                occurred_at=event.occurred_at,
                job_id=event.job_id,
                error_code=event.error_code,
            )
        case JobCancelled():
            return JobCancelledV1(tenant_id=event.tenant_id, occurred_at=event.occurred_at, job_id=event.job_id)
        case _:
            return None
