"""The outermost layer of HTTP: one trace, one principal, one measurement and one safe answer a request."""

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ai_platform.kernel.errors import LimitExceeded, PlatformError
from ai_platform.runtime import tracing
from ai_platform.runtime.auth import SINGULAR, Door, Knock
from ai_platform.runtime.logging import get_logger
from ai_platform.runtime.problems import from_error, internal_error
from ai_platform.runtime.rate_limits import RateLimits
from ai_platform.runtime.telemetry import Metrics

BODY_LIMIT: Final = 2 * 1024 * 1024
"""Bytes: a prompt of 100 000 characters fits in any escaping."""

SIGN_IN: Final = "/v1/auth/"

_TOO_LARGE: Final = f"The body is larger than {BODY_LIMIT // 1024 // 1024} MiB."
_SLOW: Final = 1.0
_ON_EVERY_ANSWER: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_NOT_STORED: Final = (b"cache-control", b"no-store")

_log = get_logger(__name__)


class Edge:
    """Authenticates before the body is read, so that a stranger learns nothing about validation.

    `public` are the first segments of the paths that are served to anybody; below `SIGN_IN`, who asks is decided there.
    """

    def __init__(
        self, app: ASGIApp, *, door: Door, limits: RateLimits, metrics: Metrics, public: frozenset[str]
    ) -> None:
        self._app = app
        self._door = door
        self._limits = limits
        self._public = public
        self._histogram = lru_cache(maxsize=1024)(metrics.http_request_duration.labels)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        knock = knock_of(scope)
        began = time.perf_counter()
        answer = _Answer(send)
        with tracing.active(
            tracing.begin(knock.headers.get("x-request-id"), knock.headers.get("traceparent"))
        ) as trace:
            answer.request_id = trace.request_id
            try:
                await self._serve(scope, knock, receive, answer)
            finally:
                self._observe(scope, answer, time.perf_counter() - began)

    async def _serve(self, scope: Scope, knock: Knock, receive: Receive, answer: "_Answer") -> None:
        try:
            if scope["path"][1:].partition("/")[0] not in self._public and not scope["path"].startswith(SIGN_IN):
                await self._let_in(scope, knock, answer)
            await self._app(scope, _limited(receive, knock), answer)
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

    async def _refuse(self, response: ASGIApp, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        if answer.status is None:
            await response(scope, receive, answer)

    def _observe(self, scope: Scope, answer: "_Answer", seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", None) or "unmatched"
        status = answer.status or 499
        self._histogram(scope["method"], route, status).observe(seconds)
        log = _log.warning if status >= 500 else _log.info if status >= 400 or seconds > _SLOW else _log.debug
        log("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


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


def _limited(receive: Receive, knock: Knock) -> Receive:
    """The body, up to `BODY_LIMIT`; a longer one is refused by its announced length or where it passes it."""
    announced = knock.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > BODY_LIMIT:
        raise LimitExceeded(_TOO_LARGE, code="body_too_large")
    return _counting(receive)


def _counting(receive: Receive) -> Callable[[], Awaitable[Message]]:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > BODY_LIMIT:
            raise HTTPException(413, _TOO_LARGE)  # the one kind that FastAPI lets through from a body
        return message

    return counted
