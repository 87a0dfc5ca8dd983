"""Following attempts while they are under way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ai_platform.jobs.domain.job import Job
from ai_platform.llm.contracts.api import Listener


class Silence:
    """Implements `Listener`: nobody is told."""

    def node(self, name: str, milliseconds: float) -> None:
        pass

    def token(self, text: str) -> None:
        pass


class NoProgress:
    """Implements `Progress` where nobody follows."""

    @asynccontextmanager
    async def listening(self, job: Job) -> AsyncIterator[Listener]:  # noqa: ARG002 - it listens to none
        yield Silence()
