"""Refusals in the words of jobs."""

from uuid import UUID

from ai_platform.kernel.errors import Conflict, LimitExceeded, NotFound


class JobNotFound(NotFound):
    code = "job_not_found"

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"There is no job {job_id}.")


class InvalidTransition(Conflict):
    code = "invalid_transition"

    def __init__(self, current: str, wanted: str) -> None:
        super().__init__(f"A job that is {current} cannot become {wanted}.")


class QueueFull(LimitExceeded):
    code = "queue_full"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit} jobs of this tenant are waiting already; send more when some are done.", retry_after=5.0
        )
