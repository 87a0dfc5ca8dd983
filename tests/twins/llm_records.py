"""When each call began and ended, and how it was answered."""

import time
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.twins.llm_calls import Call, Reply


@dataclass(slots=True, kw_only=True)
class Record:
    """Times are of the wall clock. `status` is 0 for a call that hangs; `left` tells that the caller gave up."""

    model: str
    prompt: str
    began: float
    status: int
    retry_after: float | None = None
    ended: float | None = None
    left: bool = False


@contextmanager
def recorded(records: MutableSequence[Record], call: Call, reply: Reply) -> Iterator[None]:
    """A call that its caller leaves is cancelled by the connection that is lost."""
    record = Record(
        model=call.model,
        prompt=call.prompt,
        began=time.time(),
        status=0 if reply.hangs else reply.status,
        retry_after=_announced(reply),
    )
    records.append(record)
    try:
        yield
    except BaseException:
        record.left = True
        raise
    finally:
        record.ended = time.time()


def _announced(reply: Reply) -> float | None:
    """Seconds to wait, in whichever way it says so; a date says it too roughly to be held against anybody."""
    seconds, milliseconds = reply.headers.get("retry-after", ""), reply.headers.get("retry-after-ms", "")
    if milliseconds.isdecimal():
        return float(milliseconds) / 1000
    return float(seconds) if seconds.isdecimal() else None
