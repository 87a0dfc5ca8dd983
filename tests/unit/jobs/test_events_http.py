import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sse_starlette import ServerSentEvent
from starlette.types import Message

from ai_platform.jobs.application.ports import RecordedEvent, Token
from ai_platform.jobs.interface.events_http import EventStream, frame, listed, seen
from tests.patience import PATIENCE
from tests.unit.jobs.builders import NOON

JOB = UUID(int=1)
STARTED = RecordedEvent(id=7, type="job.started", at=NOON, data={"attempt": 1})


@pytest.mark.parametrize(("given", "number"), [("7", 7), (" 7 ", 7), ("0", 0), ("9" * 19, 2**63 - 1)])
def test_an_id_is_gone_on_after(given: str, number: int) -> None:
    assert seen(given) == number


@pytest.mark.parametrize("given", ["", "seven", "-1", "1.5", "9" * 20, "\u0667", "7; DROP"])
def test_what_is_no_id_begins_at_the_start(given: str) -> None:
    assert seen(given) == 0


def test_a_recorded_event_has_id_kind_and_one_line_of_data() -> None:
    assert frame(JOB, STARTED).encode().decode() == (
        f'id: 7\nevent: job.started\ndata: {{"job_id": "{JOB}", "at": "2026-03-01T12:00:00Z", "attempt": 1}}\n\n'
    )


def test_a_token_has_no_id_and_keeps_its_lines_in_one() -> None:
    lines = "a\r\nb\u2028c\x85d\x0be"
    text = frame(JOB, Token(attempt=1, take=1, offset=0, text=lines, at=NOON)).encode().decode()
    assert "id:" not in text
    assert len(text.splitlines()) == 3
    assert json.loads(text.partition("data: ")[2])["text"] == lines


async def test_a_reader_that_takes_nothing_is_let_go_and_leaves_nothing_behind() -> None:
    left = asyncio.Event()

    async def frames() -> AsyncIterator[ServerSentEvent]:
        try:
            while True:
                yield frame(JOB, STARTED)
        finally:
            left.set()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    scope = {"type": "http", "method": "GET", "path": "/v1/jobs/1/events"}
    async with asyncio.timeout(PATIENCE):
        await EventStream(frames(), patience=0.01)(scope, receive, send)
        await left.wait()


def test_a_list_names_the_kind_beside_the_data() -> None:
    assert json.loads(listed(JOB, [STARTED])) == [
        {"id": 7, "event": "job.started", "job_id": str(JOB), "at": "2026-03-01T12:00:00Z", "attempt": 1}
    ]
