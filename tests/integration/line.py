"""A line to a server that a test can cut: what a broken switch or a lost packet does to a connection."""

import asyncio
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit


class Line:
    """Passes bytes between whoever connects to `url` and the server behind it."""

    def __init__(self, url: str) -> None:
        self._behind = urlsplit(url)
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.url = url

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    def cut(self) -> None:
        """Every connection breaks, without a word to either end; the next is served as ever."""
        for writer in self._connections.values():
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        user, _, _ = self._behind.netloc.rpartition("@")
        self.url = self._behind._replace(netloc=f"{user}@127.0.0.1:{port}").geturl()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            there_reader, there_writer = await asyncio.open_connection(self._behind.hostname, self._behind.port)
            try:
                async with asyncio.TaskGroup() as both_ways:
                    both_ways.create_task(_pass_on(reader, there_writer))
                    both_ways.create_task(_pass_on(there_reader, writer))
            finally:
                there_writer.transport.abort()
        except* OSError:
            pass
        finally:
            writer.transport.abort()
            del self._connections[task]


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    raise ConnectionError("one end is gone, so the other goes too")
