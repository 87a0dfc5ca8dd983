"""Try an LLM config from where its jobs run."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from ai_platform.jobs.application.cancel_job import CancelJob
from ai_platform.jobs.application.ports import JobReads, JobView
from ai_platform.jobs.application.submit_job import SubmitJob, SubmitJobCommand
from ai_platform.jobs.domain.errors import InvalidTransition, JobNotFound
from ai_platform.jobs.domain.job import TERMINAL, JobStatus, Priority
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import InvalidInput, NotFound

PATIENCE: Final = 30.0
"""Seconds after which a trial is given up."""
PURPOSE: Final = "config_test"
_PROMPT: Final = "Answer with the one word: ok"
_LOOK_EVERY: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`latency_ms` is the attempt's own time, or the wait when none ended."""

    config_name: str
    latency_ms: float
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class TryConfig:
    """One small job under the config, in a worker, because only a worker has the key; never a fallback's answer."""

    submit: SubmitJob
    cancel: CancelJob
    reads: JobReads
    clock: Clock
    pause: Callable[[float], Awaitable[None]]

    async def __call__(
        self, tenant_id: UUID, config_name: str, *, template_name: str, trace: Mapping[str, str]
    ) -> Trial:
        """Raises NotFound for a config that is not there."""
        began = self.clock.now()
        try:
            accepted = await self.submit(_trial_job(tenant_id, config_name, template_name, trace))
        except InvalidInput as error:
            if any(one.type == "config_unknown" for one in error.violations):
                raise NotFound(f"There is no LLM config '{config_name}'.", code="config_not_found") from None
            return Trial(config_name=config_name, latency_ms=0.0, code=error.violations[0].type, message=error.detail)
        job = await self._outcome(tenant_id, accepted.job_ids[0])
        ended = job.completed_at if job.completed_at and job.started_at else self.clock.now()
        latency = (ended - (job.started_at or began)) / timedelta(milliseconds=1)
        code, message = _verdict(job)
        return Trial(config_name=config_name, latency_ms=round(max(0.0, latency), 1), code=code, message=message)

    async def _outcome(self, tenant_id: UUID, job_id: UUID) -> JobView:
        """The job when it has ended, or when it will not end in time; then it is cancelled."""
        until = self.clock.now() + timedelta(seconds=PATIENCE)
        while True:
            job = await self.reads.get(tenant_id, job_id)
            if job is None:
                raise JobNotFound(job_id)
            if job.status in TERMINAL:
                return job
            if self.clock.now() >= until or (job.status is JobStatus.RETRYING and job.error is not None):
                with suppress(InvalidTransition):
                    await self.cancel(tenant_id, job_id)
                return job
            await self.pause(_LOOK_EVERY)


def _trial_job(tenant_id: UUID, config_name: str, template_name: str, trace: Mapping[str, str]) -> SubmitJobCommand:
    return SubmitJobCommand(
        tenant_id=tenant_id,
        prompt=_PROMPT,
        config_name=config_name,
        template_name=template_name,
        priority=Priority.HIGH,
        max_retries=0,
        timeout_seconds=PATIENCE,
        metadata={"purpose": PURPOSE},
        trace=trace,
    )


def _verdict(job: JobView) -> tuple[str | None, str | None]:
    if job.error is not None:
        return str(job.error["code"]), str(job.error["message"])
    if job.status is not JobStatus.COMPLETED:
        return "test_timeout", f"No worker had an answer within {PATIENCE:g} seconds."
    if job.answered_by not in (None, job.config_name):
        return "fallback_answered", f"The config itself gave no answer; its fallback '{job.answered_by}' did."
    return None, None
