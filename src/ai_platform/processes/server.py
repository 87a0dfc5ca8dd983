"""uvicorn under our own signals, so that a drained process exits 0."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from ai_platform.processes.head_limit import HeadLimitedProtocol
from ai_platform.processes.lifecycle import WrongUse


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process decides when to stop."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening address; port 0 is any free one. Raises WrongUse with the remedy."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise WrongUse(f"Cannot listen on {host}:{port} ({error.strerror}); choose another with --port.") from None
    listener.set_inheritable(True)
    return listener


def server_for(app: FastAPI, *, grace: float) -> Server:
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=HeadLimitedProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, int(grace)),
    )
    return Server(config)


async def serve_until(server: Server, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop`, then let the requests in hand finish within the server's grace."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()
