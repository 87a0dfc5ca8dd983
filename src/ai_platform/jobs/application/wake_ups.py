"""The messages that wake a worker. Each may come late, twice or for nothing: the worker claims whichever is next."""

from typing import Final

WAKE_UP: Final = "jobs.wake_up"
"""A job waits."""
RETRY_DUE: Final = "jobs.retry_due"
"""A job waits whose pause between two attempts is over now."""
REPLAY: Final = "jobs.replay"
"""A dead letter of a job was put back: `job_id` is to be done again. More than a wake-up, and safe to repeat."""
