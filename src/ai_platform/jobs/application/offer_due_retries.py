"""Let waiting retries join the queue."""

from dataclasses import dataclass

from ai_platform.jobs.application.ports import JobClaims


@dataclass(frozen=True, slots=True)
class OfferDueRetries:
    """A job whose pause is over takes its turn by priority and fair share like any other."""

    claims: JobClaims

    async def __call__(self) -> None:
        await self.claims.offer_due_retries()
