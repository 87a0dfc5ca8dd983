"""Watching a job from the terminal: its words as they come, its events, or only its end."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer
from rich.console import Console

from ai_platform.processes.cli_gateway import Event, Gateway
from ai_platform.processes.lifecycle import fail

TERMINAL: Final = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
_SHOWN_APART: Final = frozenset({"job_id", "at"})


class Spoken:
    """An answer as it is printed word by word, and what is still to be printed when it is whole."""

    def __init__(self, say: Callable[[str], None], note: Callable[[str], None]) -> None:
        self._say = say
        self._note = note
        self._take: tuple[int, int] | None = None
        self._text = ""

    def hear(self, token: dict[str, Any]) -> None:
        take = (token["attempt"], token["take"])
        if take != self._take:
            self._begin(take)
        if token["offset"] == len(self._text):  # else some was missed: the whole answer comes at the end
            self._text += token["text"]
            self._say(token["text"])

    def end(self, result: str) -> None:
        if result.startswith(self._text):
            self._say(result[len(self._text) :] + "\n")
        else:
            self._say("\n")
            self._note("The answer as it counts:")
            self._say(result + "\n")

    def _begin(self, take: tuple[int, int]) -> None:
        if self._text:
            self._say("\n")
            self._note("The model is asked again; the answer begins anew.")
        self._take, self._text = take, ""


def speak(gateway: Gateway, job_id: str) -> None:
    """Print the answer as it comes; exits 1 when there is none."""
    spoken = Spoken(_say, lambda words: typer.echo(words, err=True))
    with goes_on(job_id):
        for event in gateway.follow(job_id):
            if event.type == "job.token":
                spoken.hear(event.data)
            elif event.type == "job.completed":
                spoken.end(event.data["result"])
                return
        job = wait_for(gateway, job_id)
    spoken.end(result_of(job))


def wait_for(gateway: Gateway, job_id: str) -> dict[str, Any]:
    """The job once it has ended."""
    with goes_on(job_id), Console(stderr=True).status(f"Job {job_id} …") as line:
        pause = 0.05
        while True:
            job: dict[str, Any] = gateway.call("GET", f"/v1/jobs/{job_id}")
            if job["status"] in TERMINAL:
                return job
            line.update(f"Job {job_id}: {job['status']}")
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)


def result_of(job: dict[str, Any]) -> str:
    """Exits 1 with the reason when there is none."""
    if job["status"] != "COMPLETED":
        reason = (job["error"] or {}).get("message", "")
        fail(f"Job {job['job_id']} is {job['status']}: {reason}".removesuffix(": "), 1)
    return str(job["result"])


def listed(events: Iterable[dict[str, Any]]) -> Iterator[Event]:
    """What the gateway lists, in the form in which it streams."""
    for event in events:
        yield Event(str(event["id"]), event["event"], {name: event[name] for name in event if name not in _OF_A_LIST})


_OF_A_LIST: Final = frozenset({"id", "event"})


def show(event: Event, *, as_json: bool) -> None:
    """One line an event."""
    if as_json:
        about = {"id": int(event.id)} if event.id else {}
        _say(json.dumps(about | {"event": event.type} | event.data, ensure_ascii=False) + "\n")
        return
    rest = {name: value for name, value in event.data.items() if name not in _SHOWN_APART}
    told = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in rest.items())
    _say(f"{event.data['at'][:23].replace('T', ' ')}  {event.type:<14} {told}".rstrip() + "\n")


@contextmanager
def goes_on(job_id: str) -> Iterator[None]:
    """Whoever stops looking does not stop the job."""
    try:
        yield
    except KeyboardInterrupt:
        fail(
            f"\nJob {job_id} goes on. Look again: ai-platform jobs events {job_id} --follow"
            f" (or end it: ai-platform jobs cancel {job_id})",
            1,
        )


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
