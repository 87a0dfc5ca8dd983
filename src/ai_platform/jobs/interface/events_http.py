"""`/v1/jobs/{id}/events`: as a list, or live as Server-Sent Events."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from ai_platform.jobs.application.follow_events import FollowEvents, ListEvents
from ai_platform.jobs.application.ports import RecordedEvent, Token
from ai_platform.jobs.domain.errors import JobNotFound
from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.http import Caller
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.problems import EXAMPLE_ID, refusals

EVENT_STREAM: Final = "text/event-stream"
HEARTBEAT_SECONDS: Final = 15
PATIENCE: Final = 30.0
"""Seconds in which a reader must take what is sent to it."""

_log = get_logger(__name__)
_HIGHEST_ID: Final = 2**63 - 1
_LINE_ENDS: Final = {ord(one): f"\\u{ord(one):04x}" for one in "\x85\u2028\u2029"}

_STREAM: Final = """\
id: 1041
event: job.queued
data: {"job_id": "550e8400-e29b-41d4-a716-446655440000", "at": "2026-01-05T09:00:00.000000Z"}

event: job.token
data: {"job_id": "550e8400-e29b-41d4-a716-446655440000", "at": "2026-01-05T09:00:01.200000Z", "attempt": 1, \
"take": 1, "offset": 0, "text": "Code flows like "}

id: 1047
event: job.completed
data: {"job_id": "550e8400-e29b-41d4-a716-446655440000", "at": "2026-01-05T09:00:02.000000Z", "result": "…"}
"""
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events, oldest first.",
        "content": {EVENT_STREAM: {"schema": {"type": "string"}, "example": _STREAM}},
    },
    204: {"description": "SSE only: the job has ended and nothing of it comes after `Last-Event-ID`."},
    **refusals(
        JobNotFound(EXAMPLE_ID),
        Unavailable(
            "No more event streams are served here at the moment.", code="too_many_event_streams", retry_after=5.0
        ),
    ),
}


class JobEvent(BaseModel):
    """One event; further fields depend on its kind."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "id": 1042,
                    "event": "job.started",
                    "job_id": "550e8400-e29b-41d4-a716-446655440000",
                    "at": "2026-01-05T09:00:00.010000Z",
                    "attempt": 1,
                }
            ]
        },
    )

    id: int
    event: str
    job_id: UUID
    at: datetime


class EventStream(EventSourceResponse):
    """A reader that takes nothing for too long is let go; it may come back."""

    def __init__(self, content: AsyncIterator[ServerSentEvent], *, patience: float = PATIENCE, **more: Any) -> None:
        super().__init__(content, send_timeout=patience, **more)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            _log.info("slow_reader_let_go", path=scope["path"])


def serve_events(router: APIRouter, *, list_events: ListEvents, follow: FollowEvents) -> None:
    """On the router of `/v1/jobs`."""

    @router.get(
        "/{job_id}/events",
        operation_id="listJobEvents",
        summary="A job's events, as a list or live",
        response_model=list[JobEvent],
        responses=_RESPONSES,
    )
    async def events(
        job_id: UUID,
        caller: Caller,
        accept: Annotated[str, Header()] = "",
        last_event_id: Annotated[str, Header(description="The last `id` that was seen. Not an id: ignored.")] = "",
    ) -> Response:
        """What happened to the job, oldest first; with `Accept: text/event-stream` it goes on live until the end.

        Events: `job.queued`, `job.started`, `job.node` (`name`, `ms`), `job.retrying` (`delay`, `error`),
        `job.completed` (with the result), `job.failed`, `job.cancelled`; live only: `job.token`.

        Live, past events come first. Each has an `id`; send the last one as `Last-Event-ID` to go on after it, on
        any gateway. A stream that ends before the job did is to be resumed so. 204 means that nothing follows; a
        browser's EventSource then stops asking. A comment comes every 15 seconds as a heartbeat.

        `job.token` carries a piece of the answer, has no `id` and is not replayed. When its `attempt` or `take`
        differs from the last token's, the answer began anew: forget the text so far. `offset` says where in the
        answer the piece stands, in characters. `job.completed` has the whole answer, which alone counts.
        """
        if EVENT_STREAM not in accept.lower():
            return Response(listed(job_id, await list_events(caller.tenant_id, job_id)), 200, None, "application/json")
        stream = await follow(caller.tenant_id, job_id, after=seen(last_event_id))
        if stream is None:
            return Response(status_code=204)
        return EventStream(_frames(job_id, stream), ping=HEARTBEAT_SECONDS, ping_message_factory=_heartbeat)


def seen(last_event_id: str) -> int:
    """The id after which to go on. What is no id of ours begins at the start: a browser could not mend it."""
    number = last_event_id.strip()
    if not (number.isascii() and number.isdecimal() and len(number) < 20):
        return 0
    return min(int(number), _HIGHEST_ID)


def listed(job_id: UUID, events: list[RecordedEvent]) -> str:
    return json.dumps(
        [{"id": one.id, "event": one.type, "job_id": str(job_id), "at": _instant(one), **one.data} for one in events],
        ensure_ascii=False,
    )


def frame(job_id: UUID, event: RecordedEvent | Token) -> ServerSentEvent:
    about = {"job_id": str(job_id), "at": _instant(event)}
    if isinstance(event, Token):
        spoken = {"attempt": event.attempt, "take": event.take, "offset": event.offset, "text": event.text}
        return ServerSentEvent(_json(about | spoken), event="job.token", sep="\n")
    return ServerSentEvent(_json(about | dict(event.data)), event=event.type, id=str(event.id), sep="\n")


async def _frames(job_id: UUID, events: AsyncIterator[RecordedEvent | Token]) -> AsyncIterator[ServerSentEvent]:
    async with aclosing(cast("Any", events)):
        async for event in events:
            yield frame(job_id, event)


def _heartbeat() -> ServerSentEvent:
    return ServerSentEvent(comment="still here", sep="\n")


def _instant(event: RecordedEvent | Token) -> str:
    return event.at.isoformat().replace("+00:00", "Z")


def _json(data: dict[str, Any]) -> str:
    """On one line for every reader: many split where Unicode, though not the protocol, ends a line."""
    return json.dumps(data, ensure_ascii=False).translate(_LINE_ENDS)
