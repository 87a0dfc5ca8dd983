"""Run the next job."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from ai_platform.jobs.application.ports import JobClaims, Progress
from ai_platform.jobs.domain.job import INTERNAL_ERROR, Job, JobError, JobResult
from ai_platform.jobs.domain.retry import RetryPolicy
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import Unavailable
from ai_platform.llm.contracts.api import (
    Completion,
    CompletionFailed,
    CompletionRequest,
    HistoryMessage,
    Listener,
    LlmApi,
)


@dataclass(frozen=True, slots=True)
class RunNextJob:
    """One attempt of the job whose turn it is: its outcome is written once, and only while the claim is ours."""

    claims: JobClaims
    progress: Progress
    llm: LlmApi
    clock: Clock
    retries: RetryPolicy
    luck: Callable[[], float]

    async def __call__(self) -> bool:
        """Whether there was a job to run. Cancelling the call hands the job back without spending an attempt."""
        job = await self._claim()
        if job is None:
            return False
        async with self.claims.holding(job):
            await self._attempt(job)
            await self.claims.settle(job)
        return True

    async def _claim(self) -> Job | None:
        """A claim under way is not forgotten when the call is cancelled: what it brings is handed back."""
        claim = asyncio.ensure_future(self.claims.next())
        try:
            return await asyncio.shield(claim)
        except asyncio.CancelledError:
            with suppress(Unavailable):
                if (job := await claim) is not None:
                    job.hand_back(now=self.clock.now())
                    await self.claims.settle(job)
            raise

    async def _attempt(self, job: Job) -> None:
        try:
            completion = await self._answer(job)
        except CompletionFailed as error:
            self._give_up(job, error)
        except (asyncio.CancelledError, Unavailable):
            job.hand_back(now=self.clock.now())
            await self.claims.settle(job)
            raise
        except Exception:
            self._fail(job, INTERNAL_ERROR)
            await self.claims.settle(job)
            raise
        else:
            job.complete(_result_of(completion), now=self.clock.now())

    async def _answer(self, job: Job) -> Completion:
        limit = asyncio.timeout(job.timeout_seconds)
        try:
            async with self.progress.listening(job) as listener, limit:
                return await self.llm.complete(_request_of(job, listener))
        except TimeoutError:
            if not limit.expired():
                raise
            raise CompletionFailed(_timed_out(job), code="job_timeout", retryable=True) from None

    def _give_up(self, job: Job, failed: CompletionFailed) -> None:
        error = JobError(
            code=failed.stable_code, message=failed.detail, retryable=failed.retryable, retry_after=failed.retry_after
        )
        if failed.untried:
            job.park(error, policy=self.retries, luck=self.luck(), now=self.clock.now())
        else:
            self._fail(job, error)

    def _fail(self, job: Job, error: JobError) -> None:
        job.fail_attempt(error, policy=self.retries, luck=self.luck(), now=self.clock.now())


def _request_of(job: Job, listener: Listener) -> CompletionRequest:
    history = job.context.get("history", ())
    return CompletionRequest(
        config_name=job.config_name,
        template_name=job.template_name if job.template_named else None,
        prompt=job.prompt,
        pipeline=job.pipeline.value,
        variables=job.variables,
        history=tuple(HistoryMessage(role=one["role"], content=one["content"]) for one in history),
        is_followup=bool(job.context.get("is_followup", False)),
        needs_moderation=job.needs_moderation,
        stream=job.stream or job.is_watched,
        timeout_seconds=job.timeout_seconds,
        listener=listener,
    )


def _result_of(completion: Completion) -> JobResult:
    usage = completion.usage
    return JobResult(
        text=completion.text,
        agent_type=completion.agent_type,
        config_name=completion.config_name,
        template_name=completion.template_name,
        template_revision=completion.template_revision,
        input_tokens=usage.input_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        cost_usd=usage.cost_usd if usage else None,
    )


def _timed_out(job: Job) -> str:
    return f"The attempt took longer than its {job.timeout_seconds:g} seconds."
