"""HEAD is answered wherever GET is, and a method that is not served is told which are (RFC 9110 §9.3.2, §15.5.6)."""

from typing import Final

from starlette.requests import Request
from starlette.routing import Match
from starlette.types import Message, Receive, Send

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


class HeadOnly:
    """Passes on the head of an answer and no more: one that would go on for ever hears that nobody listens."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._answered = False

    async def receive(self) -> Message:
        return {"type": "http.disconnect"} if self._answered else await self._receive()

    async def send(self, message: Message) -> None:
        if self._answered:
            return
        await self._send(message)
        if message["type"] == "http.response.start":
            self._answered = True
            await self._send({"type": "http.response.body", "body": b""})


def allowed_methods(request: Request) -> list[str]:
    """Every method of the path, not only of the first route that has it."""
    routes = request.app.router.routes
    served = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return [*served, "HEAD"] if "GET" in served else served
