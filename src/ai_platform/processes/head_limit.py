"""Requests with too large a head are refused while they arrive, before anybody is asked who sent them."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ai_platform.runtime import tracing
from ai_platform.runtime.problems import problem

HEAD_LIMIT: Final = 32 * 1024
"""Bytes of the request's target and all header fields."""

FIELD_LIMIT: Final = 100
"""Header fields."""

_LINGER: Final = 1.0
_DETAIL: Final = f"The request's head is larger than {HEAD_LIMIT // 1024} KiB or has more than {FIELD_LIMIT} fields."


class HeadTooLarge(Exception):
    """Raised out of the parser, which then reads no further."""


class HeadLimitedProtocol(HttpToolsProtocol):
    """One connection. It is closed after a refusal, but not before the sender could read it (RFC 9112 §9.6)."""

    _size = _fields = _waiting = _message = 0
    _in_head = _refused = False

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        message = self._message if self._in_head else None
        super().data_received(data)
        if self._in_head and self._message == message:  # a field is told only once it is complete
            self._waiting += len(data)
            if self._waiting > HEAD_LIMIT and not self._refused:
                self._refuse()

    def on_message_begin(self) -> None:
        self._in_head = True
        self._message += 1
        self._size = self._fields = self._waiting = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        self._count(len(name) + len(value) + len(b": \r\n"))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser gave up: because of us, or because it could not be read."""
        if self._size > HEAD_LIMIT or self._fields > FIELD_LIMIT:
            self._refuse()
        else:
            super().send_400_response(msg)

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > HEAD_LIMIT or self._fields > FIELD_LIMIT:
            raise HeadTooLarge

    def _refuse(self) -> None:
        self._refused = True
        cycle: RequestResponseCycle | None = self.cycle
        if cycle and not cycle.response_complete:
            return self.transport.close()  # an earlier request's answer is on its way
        path = self.url.partition(b"?")[0].decode("latin-1")
        answer = problem(431, _DETAIL, code="headers_too_large", instance=path)
        answer.headers["x-request-id"] = tracing.begin().request_id
        answer.headers["cache-control"] = "no-store"
        answer.headers["connection"] = "close"
        head = b"".join(name + b": " + value + b"\r\n" for name, value in answer.raw_headers)
        self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + head + b"\r\n" + bytes(answer.body))
        self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.close)
        return None
