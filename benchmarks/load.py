"""A load generator of its own process: N keep-alive connections, one request after the other on each.

Run as `python -m benchmarks.load URL COUNT CONNECTIONS BODY`; prints one JSON object. Where URL has a `{}`, the lines
of stdin are put there in turn, one a request.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice, repeat
from typing import cast
from urllib.parse import urlsplit

import uvloop


class Connection(asyncio.Protocol):
    """Writes the next request as soon as the answer to the last one is complete."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float], finished: asyncio.Future[None]) -> None:
        self._requests = requests
        self._latencies = latencies
        self._finished = finished
        self._received = b""
        self._sent = 0.0
        self.refused = 0
        self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _length(head):
            return
        self._latencies.append(time.perf_counter() - self._sent)
        if not head.startswith(b"HTTP/1.1 20"):
            self.refused += 1
            self.failed += head.startswith(b"HTTP/1.1 5")
        self._received = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._finished.done():
            self._finished.set_exception(exc or ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self._finished.done():
                self._finished.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def load(url: str, count: int, connections: int, body: bytes, names: Iterable[str]) -> dict[str, float]:
    """Rate in requests a second; latencies in milliseconds. `refused` are all that failed, too."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    head = f"Host: localhost:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    requests = islice((f"POST {parts.path.format(one)} HTTP/1.1\r\n{head}".encode() + body for one in names), count)
    loop = asyncio.get_running_loop()
    latencies = list[float]()
    ends = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    protocols = []
    for end in ends:
        _, protocol = await loop.create_connection(partial(Connection, requests, latencies, end), host, port)
        protocols.append(protocol)
    await asyncio.gather(*ends)
    seconds = time.perf_counter() - began
    latencies.sort()
    return {
        "rate": count / seconds,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
        "refused": sum(one.refused for one in protocols),
        "failed": sum(one.failed for one in protocols),
    }


if __name__ == "__main__":
    url, count, connections, body = sys.argv[1:]
    names = sys.stdin.read().split() if "{}" in url else repeat("")
    print(json.dumps(uvloop.run(load(url, int(count), int(connections), body.encode(), names))))
