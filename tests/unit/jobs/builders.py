"""Jobs and what belongs to them, as tests want them: a valid one, with changes."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ai_platform.jobs.application.submit_job import SubmitJobCommand
from ai_platform.jobs.domain.job import Job, JobError, JobResult, JobStatus
from ai_platform.jobs.domain.retry import RetryPolicy
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.llm.contracts.api import Completion, Usage

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OTHER_TENANT = UUID("00000000-0000-7000-8000-000000000002")
POLICY = RetryPolicy(shortest=10.0, longest=60.0)


def a_job(**changes: Any) -> Job:
    return Job(
        **{
            "id": new_id(),
            "tenant_id": DEFAULT_TENANT,
            "prompt": "Write a haiku",
            "config_name": "default-smart",
            "template_name": "default-assistant",
            "created_at": NOON,
            **changes,
        }
    )


def a_claimed_job(**changes: Any) -> Job:
    return a_job(**{"status": JobStatus.PROCESSING, "attempt": 1, **changes})


def a_command(**changes: Any) -> SubmitJobCommand:
    return SubmitJobCommand(
        **{
            "tenant_id": DEFAULT_TENANT,
            "prompt": "Write a haiku",
            "config_name": "default-smart",
            "template_name": "default-assistant",
            **changes,
        }
    )


def a_result(**changes: Any) -> JobResult:
    return JobResult(
        **{
            "text": "An old silent pond",
            "agent_type": "main",
            "config_name": "smart",
            "template_name": "assistant",
            "template_revision": 3,
            "input_tokens": 10,
            "output_tokens": 4,
            "cost_usd": Decimal("0.00006"),
            **changes,
        }
    )


def a_fault(**changes: Any) -> JobError:
    return JobError(**{"code": "llm_overloaded", "message": "Too many people ask.", "retryable": True, **changes})


def a_completion(**changes: Any) -> Completion:
    usage = Usage(input_tokens=10, output_tokens=4, cost_usd=Decimal("0.00006"))
    return Completion(
        **{
            "text": "An old silent pond",
            "agent_type": "main",
            "config_name": "smart",
            "template_name": "assistant",
            "template_revision": 3,
            "usage": usage,
            **changes,
        }
    )
