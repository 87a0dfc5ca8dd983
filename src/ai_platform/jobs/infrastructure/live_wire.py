"""What workers and followers say to each other over the live stream."""

import json
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from ai_platform.jobs.application.ports import Token
from ai_platform.runtime.live import LiveStream

CHANGED = b"{}"
"""Something was recorded: read it."""


def channel_of(job_id: UUID) -> str:
    return f"job:{job_id}"


def changes_to(live: LiveStream) -> Callable[[UUID], None]:
    """Tells followers of a job that something was recorded."""
    return lambda job_id: live.tell(channel_of(job_id), CHANGED)


def as_payload(token: Token) -> bytes:
    spoken = (token.attempt, token.take, token.offset, token.text, token.at.isoformat())
    return json.dumps(spoken, ensure_ascii=False).encode("utf-8", "replace")


def signal_of(payload: bytes) -> Token | None:
    """None for everything that is no token, also for what another version of us may say."""
    try:
        attempt, take, offset, text, at = json.loads(payload or CHANGED)
        return Token(attempt=attempt, take=take, offset=offset, text=text, at=datetime.fromisoformat(at))
    except (ValueError, TypeError):
        return None
