"""Stand-ins for the clock and the model layer; that for the store is in `fake_store.py`."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from ai_platform.jobs.domain.job import Job
from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.llm.contracts.api import Completion, CompletionRequest, Listener
from tests.unit.jobs.builders import NOON, a_completion


@dataclass
class FakeClock:
    """Time that passes when it is told to."""

    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment

    def passes(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class FakeCallbacks:
    """Refuses what is named in `refused`; nothing signs for the tenants in `unsigned`."""

    refused: set[str] = field(default_factory=set)
    unsigned: set[UUID] = field(default_factory=set)

    async def require_signed(self, tenant_id: UUID) -> None:
        if tenant_id in self.unsigned:
            violation = Violation(("callback_url",), "needs a secret to sign with", "callback_url_refused")
            raise InvalidInput("callback_url needs a secret to sign with.", violations=(violation,))

    def check(self, url: str) -> str:
        if url in self.refused:
            violation = Violation(("callback_url",), "must not point there", "callback_url_refused")
            raise InvalidInput("callback_url must not point there.", violations=(violation,))
        return url


@dataclass
class FakeProgress:
    """Remembers whose attempts were listened to, and whether it still listens."""

    heard_of: list[UUID] = field(default_factory=list)
    listens: int = 0

    @asynccontextmanager
    async def listening(self, job: Job) -> AsyncIterator[Listener]:
        self.heard_of.append(job.id)
        self.listens += 1
        try:
            yield Deaf()
        finally:
            self.listens -= 1


@dataclass(frozen=True)
class Deaf:
    """Listens and keeps nothing."""

    def node(self, name: str, milliseconds: float) -> None:
        pass

    def token(self, text: str) -> None:
        pass


class Checked(NamedTuple):
    """What was asked to be usable."""

    config_name: str
    template_name: str | None
    variables: Mapping[str, str]
    pipeline: Literal["single", "multi_agent"]


@dataclass
class FakeLlm:
    """Answers what it is told to, raises it, or (None) thinks until it is interrupted."""

    says: Completion | BaseException | None = field(default_factory=a_completion)
    refuses: Exception | None = None
    checked: list[Checked] = field(default_factory=list)
    asked: list[CompletionRequest] = field(default_factory=list)
    thinking: int = 0
    thought_of: asyncio.Event = field(default_factory=asyncio.Event)

    async def require_usable(
        self,
        *,
        config_name: str,
        template_name: str | None,
        variables: Mapping[str, str],
        pipeline: Literal["single", "multi_agent"] = "single",
    ) -> None:
        wanted = Checked(config_name, template_name, variables, pipeline)
        self.checked.append(wanted)
        refusal = self.refusal_of(wanted)
        if refusal is not None:
            raise refusal

    def refusal_of(self, _: Checked) -> Exception | None:
        return self.refuses

    async def complete(self, request: CompletionRequest) -> Completion:
        self.asked.append(request)
        self.thinking += 1
        try:
            if self.says is None:
                await self.thought_of.wait()
                return a_completion()
        finally:
            self.thinking -= 1
        if isinstance(self.says, BaseException):
            raise self.says
        return self.says
