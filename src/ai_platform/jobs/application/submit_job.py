"""Accept a job."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from ai_platform.jobs.application.ports import Accepted, Callbacks, JobIntake
from ai_platform.jobs.domain.job import MAIN_AGENT_TEMPLATE, Job, Pipeline, Priority
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.once import Once
from ai_platform.llm.contracts.api import LlmApi


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitJobCommand:
    """`template_name` None leaves the template to the multi-agent pipeline."""

    tenant_id: UUID
    prompt: str
    config_name: str
    template_name: str | None
    pipeline: Pipeline = Pipeline.SINGLE
    priority: Priority = Priority.NORMAL
    variables: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    trace: Mapping[str, str] = field(default_factory=dict)
    needs_moderation: bool = True
    callback_url: str | None = None
    stream: bool = False
    timeout_seconds: float | None = None
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class SubmitJob:
    """A job that can never run is refused now; one that is accepted is on disk before its sender hears so."""

    llm: LlmApi
    intake: JobIntake
    callbacks: Callbacks
    clock: Clock
    default_max_retries: int

    async def __call__(self, command: SubmitJobCommand, once: Once | None = None) -> Accepted:
        """With `once`, a repeat gets the first answer, whatever has become of the config since."""
        if once is not None and (earlier := await self.intake.earlier(command.tenant_id, once)) is not None:
            return earlier
        if command.callback_url is not None:
            self.callbacks.check(command.callback_url)
            await self.callbacks.require_signed(command.tenant_id)
        await self.llm.require_usable(
            config_name=command.config_name,
            template_name=command.template_name,
            variables=command.variables,
            pipeline=command.pipeline.value,
        )
        job = accepted_job(command, default_max_retries=self.default_max_retries, now=self.clock.now())
        if once is not None:
            return await self.intake.accept_together([job], once)
        await self.intake.accept(job)
        return Accepted((job.id,))


def accepted_job(command: SubmitJobCommand, *, default_max_retries: int, now: datetime) -> Job:
    job = Job(
        id=new_id(),
        tenant_id=command.tenant_id,
        prompt=command.prompt,
        config_name=command.config_name,
        template_name=command.template_name or MAIN_AGENT_TEMPLATE,
        template_named=command.template_name is not None,
        pipeline=command.pipeline,
        priority=command.priority,
        variables=command.variables,
        context=command.context,
        metadata=command.metadata,
        trace=command.trace,
        needs_moderation=command.needs_moderation,
        callback_url=command.callback_url,
        stream=command.stream,
        timeout_seconds=command.timeout_seconds,
        max_retries=default_max_retries if command.max_retries is None else command.max_retries,
        created_at=now,
    )
    job.accept()
    return job
