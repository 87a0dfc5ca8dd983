"""How a payment provider's twin is served: real HTTP, in a thread or in a process of its own, with faults on demand."""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Serve = Callable[[Request], Awaitable[Response]]


@dataclass
class Faults:
    """What shall go wrong with the next calls, by a word of their path: `error`, `hang`, `lost`, `late` or others.

    error: HTTP 500 and nothing done. hang: no answer and nothing done. lost: done, and no answer. late: an answer
    after `delay` seconds, done before. garbled: done, and an answer that says it is packed and is not. deep: done, and
    an answer of nothing but brackets.
    """

    delay: float = 1.0
    _waiting: deque[tuple[str, str]] = field(default_factory=deque)
    calls: list[str] = field(default_factory=list)

    def next(self, kind: str, *, path: str = "", times: int = 1) -> None:
        self._waiting.extend([(kind, path)] * times)

    def take(self, path: str) -> str | None:
        for one in list(self._waiting):
            if one[1] in path:
                self._waiting.remove(one)
                return one[0]
        return None

    async def around(self, request: Request, serve: Serve, error: Response) -> Response:
        """Serve the call, or do to it what was asked for."""
        self.calls.append(f"{request.method} {request.url.path}")
        kind = self.take(request.url.path)
        if kind == "error":
            return error
        if kind == "hang":
            return await _until_gone(request)
        answer = await serve(request)
        if kind == "lost":
            return await _until_gone(request)
        if kind == "late":
            await asyncio.sleep(self.delay)
        if kind == "garbled":
            return Response(b"{}", headers={"Content-Encoding": "gzip"})
        if kind == "deep":
            return Response(b"[" * 100_000, media_type="application/json")
        return answer


async def _until_gone(request: Request) -> Response:
    while not await request.is_disconnected():  # noqa: ASYNC110 - the condition is the caller's leaving
        await asyncio.sleep(0.01)
    return JSONResponse({})


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The application's address, while a thread of this process serves it."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    sockets = [config.bind_socket()]
    sockets[0].listen()  # who connects before the thread is up waits
    thread = threading.Thread(target=server.run, args=(sockets,), daemon=True, name="pay-twin")
    thread.start()
    try:
        yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        sockets[0].close()


def run_forever(app: Starlette, port: int) -> None:
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off", ws="none")
