"""Telling those who follow a job that something became of it."""

from collections.abc import Callable
from uuid import UUID

Changed = Callable[[UUID], None]
"""Told the id of a job that somebody follows, once a change of it is committed."""


def nobody_follows(_: UUID) -> None:
    """For a process that shows nobody what happens."""
