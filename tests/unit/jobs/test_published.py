"""Which facts about jobs everybody may know."""

from ai_platform.jobs.application.published import published
from ai_platform.jobs.contracts.events import JobCancelledV1, JobCompletedV1, JobFailedV1
from ai_platform.jobs.domain.events import JobCancelled, JobCompleted, JobCreated, JobFailed, JobRetryScheduled
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.jobs.builders import NOON

ID = new_id()


def test_a_completed_job_is_a_fact_for_everybody() -> None:
    event = JobCompleted(job_id=ID, tenant_id=DEFAULT_TENANT, occurred_at=NOON)
    assert published(event) == JobCompletedV1(tenant_id=DEFAULT_TENANT, occurred_at=NOON, job_id=ID)
    assert JobCompletedV1.topic == "jobs.completed.v1"


def test_a_failed_job_is_a_fact_with_its_reason() -> None:
    event = JobFailed(job_id=ID, tenant_id=DEFAULT_TENANT, occurred_at=NOON, error_code="llm_refused")
    assert published(event) == JobFailedV1(
        tenant_id=DEFAULT_TENANT, occurred_at=NOON, job_id=ID, error_code="llm_refused"
    )
    assert JobFailedV1.topic == "jobs.failed.v1"


def test_that_a_job_was_created_or_waits_stays_inside() -> None:
    created = JobCreated(job_id=ID, tenant_id=DEFAULT_TENANT, occurred_at=NOON)
    waits = JobRetryScheduled(job_id=ID, tenant_id=DEFAULT_TENANT, occurred_at=NOON, next_retry_at=NOON)
    assert published(created) is None
    assert published(waits) is None


def test_a_cancelled_job_is_a_fact_for_everybody() -> None:
    event = JobCancelled(job_id=ID, tenant_id=DEFAULT_TENANT, occurred_at=NOON)
    assert published(event) == JobCancelledV1(tenant_id=DEFAULT_TENANT, occurred_at=NOON, job_id=ID)
    assert JobCancelledV1.topic == "jobs.cancelled.v1"
