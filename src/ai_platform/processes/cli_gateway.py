"""A running gateway as the command line calls it: every refusal ends the command with one sentence."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Any, Final, NoReturn

import httpx
import typer

from ai_platform.processes.lifecycle import fail

Url = Annotated[str, typer.Option(envvar="AI_PLATFORM_URL", help="Where the gateway is.")]
Key = Annotated[str, typer.Option(envvar="AI_PLATFORM_API_KEY", help="API key; none is needed in open mode.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

HERE: Final = "http://localhost:8000"

TERMINAL_EVENTS: Final = frozenset({"job.completed", "job.failed", "job.cancelled"})
SILENCE: Final = 45.0
"""Seconds: three heartbeats that did not come."""

PATIENCE: Final = 60.0
"""Seconds for which a stream that broke off is asked for again."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a job; `id` is empty for what cannot be resumed after."""

    id: str
    type: str
    data: dict[str, Any]


class Gateway:
    """The few calls that the commands make; every refusal ends the command with the problem's own sentence."""

    def __init__(self, url: str, key: str) -> None:
        if not key.isascii():
            fail("The API key is not valid: a key has no such characters.", 2)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._url = url.rstrip("/")
        self._http = httpx.Client(headers=headers, timeout=30, trust_env=False)

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            answer = self._http.request(method, self._url + path, **arguments)
        except (httpx.TransportError, httpx.InvalidURL):
            self._fail_unreachable()
        if answer.is_error:
            fail(_detail(answer), 1)
        if answer.status_code == 204:
            return None
        try:
            return answer.json()
        except ValueError:
            fail(f"What answers at {self._url} is not the platform; see --url.", 1)

    def follow(self, job_id: str) -> Iterator[Event]:
        """Every event of the job, to its end. A stream that breaks off is resumed, also on another gateway."""
        last, heard_at = "", time.monotonic()
        with suppress(_NothingFollows):
            while True:
                for event in self._while_it_lasts(job_id, last):
                    last, heard_at = event.id or last, time.monotonic()
                    yield event
                    if event.type in TERMINAL_EVENTS:
                        return
                if time.monotonic() - heard_at > PATIENCE:
                    self._fail_unreachable()
                time.sleep(0.5)

    def _while_it_lasts(self, job_id: str, last: str) -> Iterator[Event]:
        try:
            yield from self._stream(job_id, last)
        except httpx.InvalidURL:
            self._fail_unreachable()
        except httpx.TransportError as error:
            if isinstance(error, httpx.ConnectError) and not last:
                self._fail_unreachable()

    def _stream(self, job_id: str, last: str) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
        with self._opened(f"/v1/jobs/{job_id}/events", headers) as answer:
            if answer.status_code == 204:
                raise _NothingFollows
            yield from parsed(answer.iter_lines())

    @contextmanager
    def _opened(self, path: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        timeout = httpx.Timeout(30, read=SILENCE)
        with self._http.stream("GET", self._url + path, headers=headers, timeout=timeout) as answer:
            if answer.status_code in (502, 503, 504):
                raise httpx.ReadError("it comes back")
            if answer.is_error:
                answer.read()
                fail(_detail(answer), 1)
            yield answer

    def _fail_unreachable(self) -> NoReturn:
        fail(f"Nothing answers at {self._url}; is `ai-platform dev` running? (see --url)", 1)


class _NothingFollows(Exception):
    """The job has ended and all of it was seen."""


def parsed(lines: Iterable[str]) -> Iterator[Event]:
    """Server-Sent Events as the HTML standard defines them, as far as we send them; half an event is none."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield Event(fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"]))
            fields = {}
        else:
            fields = {}


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError):
        return f"The gateway answered {answer.status_code}."
