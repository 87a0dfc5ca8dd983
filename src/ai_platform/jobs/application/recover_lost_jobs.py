"""Recover jobs whose worker died."""

from dataclasses import dataclass
from typing import Final

from ai_platform.jobs.application.ports import LostJobs
from ai_platform.kernel.clock import Clock
from ai_platform.kernel.transactions import Transactions

SWEEP: Final = 200
"""Jobs recovered in one transaction."""


@dataclass(frozen=True, slots=True)
class RecoverLostJobs:
    """A claim that ran out is nobody's: its job gets the next attempt, or fails when none is left."""

    transactions: Transactions[LostJobs]
    clock: Clock

    async def __call__(self) -> int:
        """How many were recovered; call again while it returns `SWEEP`."""
        async with self.transactions(None) as jobs:
            lost = await jobs.take(SWEEP)
            for job in lost:
                job.lose_worker(now=self.clock.now())
                await jobs.save(job)
        return len(lost)
