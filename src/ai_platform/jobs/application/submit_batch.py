"""Accept many jobs together."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ai_platform.jobs.application.ports import Accepted, Callbacks, JobIntake
from ai_platform.jobs.application.submit_job import SubmitJobCommand, accepted_job
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.kernel.once import Once
from ai_platform.llm.contracts.api import LlmApi

BATCH_SIZE: Final = 500
_TOLD_AT_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class SubmitBatch:
    """All of them are accepted or none is; what is wrong is told of each."""

    llm: LlmApi
    intake: JobIntake
    callbacks: Callbacks
    clock: Clock
    default_max_retries: int

    async def __call__(
        self, tenant_id: UUID, commands: Sequence[SubmitJobCommand], once: Once | None = None
    ) -> Accepted:
        """Raises InvalidInput with violations at `jobs`, the number and the field."""
        if once is not None and (earlier := await self.intake.earlier(tenant_id, once)) is not None:
            return earlier
        await self._check(tenant_id, commands)
        now = self.clock.now()
        jobs = [accepted_job(one, default_max_retries=self.default_max_retries, now=now) for one in commands]
        return await self.intake.accept_together(jobs, once)

    async def _check(self, tenant_id: UUID, commands: Sequence[SubmitJobCommand]) -> None:
        """Each combination of names is looked up once, however many jobs share it."""
        seen: dict[Hashable, InvalidInput | None] = {}
        unsigned = await self._unsigned(tenant_id) if any(one.callback_url for one in commands) else None
        wrong: list[Violation] = []
        for number, command in enumerate(commands):
            same = (command.config_name, command.template_name, command.pipeline, frozenset(command.variables))
            if same not in seen:
                seen[same] = await self._refusal(command)
            for refusal in (seen[same], self._callback_refusal(command, unsigned)):
                wrong += _placed(refusal, number)
        if wrong:
            first = wrong[0]
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            where = ".".join(map(str, first.loc))
            raise InvalidInput(f"{where}: {first.msg}{more}", violations=tuple(wrong[:_TOLD_AT_MOST]))

    async def _refusal(self, command: SubmitJobCommand) -> InvalidInput | None:
        try:
            await self.llm.require_usable(
                config_name=command.config_name,
                template_name=command.template_name,
                variables=command.variables,
                pipeline=command.pipeline.value,
            )
        except InvalidInput as refusal:
            return refusal
        return None

    async def _unsigned(self, tenant_id: UUID) -> InvalidInput | None:
        try:
            await self.callbacks.require_signed(tenant_id)
        except InvalidInput as refusal:
            return refusal
        return None

    def _callback_refusal(self, command: SubmitJobCommand, unsigned: InvalidInput | None) -> InvalidInput | None:
        if command.callback_url is None:
            return None
        try:
            self.callbacks.check(command.callback_url)
        except InvalidInput as refusal:
            return refusal
        return unsigned


def _placed(refusal: InvalidInput | None, number: int) -> list[Violation]:
    if refusal is None:
        return []
    found = refusal.violations or (Violation((), refusal.detail, refusal.stable_code),)
    return [Violation(("jobs", number, *one.loc), one.msg, one.type) for one in found]
