"""The outermost layer of HTTP: one trace, one principal, one measurement and one safe answer a request."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ai_platform.kernel.errors import LimitExceeded, PlatformError
from ai_platform.runtime import tracing
from ai_platform.runtime.auth import SINGULAR, Door, Knock
from ai_platform.runtime.head import HeadOnly
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.problems import from_error, internal_error
from ai_platform.runtime.rate_limits import RateLimits
from ai_platform.runtime.spans import NO_SPANS, Kind, Span, Spans
from ai_platform.runtime.telemetry import Metrics

BODY_LIMIT: Final = 2 * 1024 * 1024
"""Bytes: a prompt of 100 000 characters fits in any escaping."""

SIGN_IN: Final = "/v1/auth/"

_SLOW: Final = 1.0
_ON_EVERY_ANSWER: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_NOT_STORED: Final = (b"cache-control", b"no-store")

_log = get_logger(__name__)


class Edge:
    """Authenticates before the body is read, so that a stranger learns nothing about validation.

    `public` are the first segments of the paths that are served to anybody; below the prefixes `below`, who asks is
    decided there. `body_limits` are the paths that take more than `BODY_LIMIT`, by their templates; with None, the body
    may be of any size, because it is never held as a whole.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        door: Door,
        limits: RateLimits,
        metrics: Metrics,
        public: frozenset[str],
        below: tuple[str, ...] = (SIGN_IN,),
        body_limits: Mapping[str, int | None],
        spans: Spans = NO_SPANS,
    ) -> None:
        self._app = app
        self._door = door
        self._limits = limits
        self._public = public
        self._below = below
        self._spans = spans
        self._body_limit = lru_cache(maxsize=1024)(partial(_limit_of, [*map(_compiled, body_limits.items())]))
        self._histogram = lru_cache(maxsize=1024)(metrics.http_request_duration.labels)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        knock = knock_of(scope)
        began = time.perf_counter()
        answer = _Answer(send)
        with self._span(scope, knock) as span:
            trace = tracing.current()
            answer.request_id = trace.request_id if trace else ""
            try:
                await self._serve(scope, knock, receive, answer)
            finally:
                self._observe(scope, answer, span, time.perf_counter() - began)

    def _span(self, scope: Scope, knock: Knock) -> AbstractContextManager[Span]:
        """What is open to anybody is asked for all the time and tells nothing."""
        spans = NO_SPANS if self._is_public(scope) else self._spans
        return spans.continued(knock.headers, scope["method"], kind=Kind.SERVER)

    def _is_public(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path[1:].partition("/")[0] in self._public or path.startswith(self._below)

    async def _serve(self, scope: Scope, knock: Knock, receive: Receive, answer: "_Answer") -> None:
        try:
            if not self._is_public(scope):
                await self._let_in(scope, knock, answer)
            limit = self._body_limit(scope["path"])
            serve = self._serve_head if scope["method"] == "HEAD" else self._app
            await serve(scope, _limited(receive, knock, limit), answer)
        except PlatformError as error:
            await self._refuse(from_error(error, scope["path"]), scope, receive, answer)
        except Exception:  # noqa: BLE001 - the last stop: no trace of it may leave the process
            _log.exception("request_failed", method=scope["method"], path=scope["path"])
            await self._refuse(internal_error(scope["path"]), scope, receive, answer)

    async def _let_in(self, scope: Scope, knock: Knock, answer: "_Answer") -> None:
        caller = await self._door.enter(knock)
        admission = await self._limits.admit(caller)
        answer.also = admission.headers
        if admission.refusal is not None:
            raise admission.refusal
        scope.setdefault("state", {})["principal"] = caller

    async def _serve_head(self, scope: Scope, receive: Receive, answer: Send) -> None:
        """As GET, without its body."""
        asked = {**scope, "method": "GET"}
        head = HeadOnly(receive, answer)
        try:
            await self._app(asked, head.receive, head.send)
        finally:
            scope["route"] = asked.get("route")

    async def _refuse(self, response: ASGIApp, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        if answer.status is None:
            await response(scope, receive, answer)

    def _observe(self, scope: Scope, answer: "_Answer", span: Span, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", None) or "unmatched"
        status = answer.status or 499
        self._histogram(scope["method"], route, status).observe(seconds)
        _tell(span, scope["method"], route, status)
        log = _log.warning if status >= 500 else _log.info if status >= 400 or seconds > _SLOW else _log.debug
        log("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


def _tell(span: Span, method: str, route: str, status: int) -> None:
    """The path itself is left out: it names people and their things."""
    span.call(f"{method} {route}")
    span.tell({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.fail(str(status))


class _Answer:
    """Passes the response on, with the headers that every response has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.request_id = ""
        self.status: int | None = None
        self.also: tuple[tuple[bytes, bytes], ...] = ()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"]
            headers += ((b"x-request-id", self.request_id.encode()), *_ON_EVERY_ANSWER, *self.also)
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append(_NOT_STORED)
        await self._send(message)


def knock_of(scope: Scope) -> Knock:
    """What the request shows at the door."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    server: tuple[str, Any] = scope.get("server") or ("", None)
    return Knock(headers, scope["scheme"], server[0], scope["method"], _repeated(scope, headers))


def _repeated(scope: Scope, headers: dict[str, str]) -> frozenset[str]:
    if len(headers) == len(scope["headers"]):
        return frozenset()
    names = [name.decode("latin-1") for name, _ in scope["headers"]]
    return frozenset(name for name in SINGULAR if names.count(name) > 1)


def _compiled(limit: tuple[str, int | None]) -> tuple[re.Pattern[str], int | None]:
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", limit[0])), limit[1]


def _limit_of(limits: Sequence[tuple[re.Pattern[str], int | None]], path: str) -> int | None:
    return next((limit for template, limit in limits if template.fullmatch(path)), BODY_LIMIT)


def _limited(receive: Receive, knock: Knock, limit: int | None) -> Receive:
    """The body, up to `limit`; a longer one is refused by its announced length or where it passes it."""
    if limit is None:
        return receive
    announced = knock.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise LimitExceeded(_too_large(limit), code="body_too_large")
    return _counting(receive, limit)


def _counting(receive: Receive, limit: int) -> Callable[[], Awaitable[Message]]:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise HTTPException(413, _too_large(limit))  # the one kind that FastAPI lets through from a body
        return message

    return counted


def _too_large(limit: int) -> str:
    return f"The body is larger than {limit // 1024 // 1024} MiB."
