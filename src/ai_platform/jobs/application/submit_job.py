"""Accept a job."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ai_platform.jobs.application.ports import JobIntake
from ai_platform.jobs.domain.job import Job, Pipeline, Priority
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.llm.contracts.api import LlmApi


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitJobCommand:
    tenant_id: UUID
    prompt: str
    config_name: str
    template_name: str
    pipeline: Pipeline = Pipeline.SINGLE
    priority: Priority = Priority.NORMAL
    variables: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    trace: Mapping[str, str] = field(default_factory=dict)
    stream: bool = False
    timeout_seconds: float | None = None
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class SubmitJob:
    """A job that can never run is refused now; one that is accepted is on disk before its sender hears so."""

    llm: LlmApi
    intake: JobIntake
    clock: Clock
    default_max_retries: int

    async def __call__(self, command: SubmitJobCommand) -> Job:
        await self.llm.require_usable(
            config_name=command.config_name, template_name=command.template_name, variables=command.variables
        )
        job = Job(
            id=new_id(),
            tenant_id=command.tenant_id,
            prompt=command.prompt,
            config_name=command.config_name,
            template_name=command.template_name,
            pipeline=command.pipeline,
            priority=command.priority,
            variables=command.variables,
            context=command.context,
            metadata=command.metadata,
            trace=command.trace,
            stream=command.stream,
            timeout_seconds=command.timeout_seconds,
            max_retries=self.default_max_retries if command.max_retries is None else command.max_retries,
            created_at=self.clock.now(),
        )
        job.accept()
        await self.intake.accept(job)
        return job
