"""The request id and W3C trace context that travel with a piece of work through every queue and log line."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Trace:
    """`traceparent` as in W3C Trace Context level 1 §3.2: version, trace id, parent id, flags."""

    request_id: str
    traceparent: str

    def headers(self) -> dict[str, str]:
        return {"x-request-id": self.request_id, "traceparent": self.traceparent}

    @property
    def trace_id(self) -> str:
        return self.traceparent[3:35]


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(request_id: str | None = None, traceparent: str | None = None) -> Trace:
    """Continue the caller's trace where its headers are well formed, else begin a new one."""
    if request_id is None or not REQUEST_ID.fullmatch(request_id):
        request_id = os.urandom(16).hex()
    if traceparent is None or not is_traceparent(traceparent):
        traceparent = f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"
    else:
        traceparent = f"{traceparent[:36]}{os.urandom(8).hex()}{traceparent[52:]}"
    return Trace(request_id, traceparent)


def is_traceparent(value: str) -> bool:
    """Whether a header's value names a trace; anything else is as if it were not there."""
    return _TRACEPARENT.fullmatch(value) is not None


def current() -> Trace | None:
    return _current.get()


@contextmanager
def active(trace: Trace) -> Iterator[Trace]:
    """Everything inside, with the tasks it starts, belongs to this trace."""
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)


@contextmanager
def continued(headers: Mapping[str, str]) -> Iterator[Trace]:
    """The same for the headers that a message or a stored row carried."""
    with active(begin(headers.get("x-request-id"), headers.get("traceparent"))) as trace:
        yield trace
