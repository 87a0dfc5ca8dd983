"""A local server that speaks OpenAI's and Anthropic's wire: `python -m tests.twins.llm_server --port 8099`.

`POST /v1/chat/completions` and `POST /v1/messages` behave as the model's name says (see `llm_behaviours`); a call
without a key, or with the key `sk-wrong`, is 401. `GET /_calls` tells what was called, `GET /_journal` when each call
began and ended and how it was answered, `POST /_reset` forgets both. `POST /_release` lets those calls be answered that
wait with the body as their prompt, and all that come later.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import httptools
import uvloop

from tests.twins.anthropic_wire import AnthropicWire
from tests.twins.llm_behaviours import Wire
from tests.twins.llm_calls import Reply
from tests.twins.llm_journal import Journal
from tests.twins.llm_records import Record, recorded
from tests.twins.openai_wire import OpenAiWire

_WIRES: Final[Mapping[str, Wire]] = {wire.path: wire for wire in (OpenAiWire(), AnthropicWire())}


class Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection, one request at a time."""

    def __init__(self, journal: list[Journal]) -> None:
        self._journal = journal
        self._parser = httptools.HttpRequestParser(self)
        self._headers: dict[str, str] = {}
        self._url = b""
        self._body = bytearray()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._headers, self._url, self._body = {}, b"", bytearray()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._serve(self._url.decode().partition("?")[0]))

    async def _serve(self, path: str) -> None:
        journal = self._journal[0]
        if path == "/_reset":
            journal.release_all()
            self._journal[0] = Journal()
            return await self._send(Reply())
        if path == "/_release":
            journal.released[self._body.decode()].set()
            return await self._send(Reply())
        wire = _WIRES.get(path)
        if wire is None:
            return await self._send(journal.page(path))
        if wire.key(self._headers) in (None, "sk-wrong"):
            return await self._send(wire.error(401))
        call = wire.parse(json.loads(self._body))
        journal.enter(wire, call, self._headers)
        reply = wire.objection(call) or journal.behaviours.reply(wire, call)
        try:
            with recorded(journal.records, call, reply):
                if reply.held:
                    await journal.released[call.prompt].wait()
                await self._send(reply)
        finally:
            journal.running -= 1

    async def _send(self, reply: Reply) -> None:
        if reply.hangs:
            await asyncio.Event().wait()
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.events is None:
            cut = len(reply.body) // 2 if reply.breaks_off else len(reply.body)
            self._transport.write(self._head(reply, f"content-length: {len(reply.body)}") + reply.body[:cut])
        else:
            self._transport.write(self._head(reply, "transfer-encoding: chunked"))
            for event in reply.events:
                self._transport.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
                await asyncio.sleep(0)
            if not reply.breaks_off:
                self._transport.write(b"0\r\n\r\n")
        if reply.breaks_off:
            self._transport.close()

    def _head(self, reply: Reply, length: str) -> bytes:
        lines = [f"HTTP/1.1 {reply.status} ", f"content-type: {reply.content_type}", length]
        return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in reply.headers.items()), "", ""]).encode()


async def serve(port: int) -> asyncio.Server:
    journal = [Journal()]
    return await asyncio.get_running_loop().create_server(lambda: Connection(journal), "127.0.0.1", port, backlog=4096)


@dataclass(frozen=True, slots=True)
class LlmTwin:
    """A running twin. `openai` and `anthropic` are base URLs as configurations take them."""

    port: int

    @property
    def anthropic(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai(self) -> str:
        return f"{self.anthropic}/v1"

    def base_url(self, provider: str) -> str:
        return self.openai if provider == "openai" else self.anthropic

    def calls(self) -> dict[str, Any]:
        """count, peak, running, per_model and the newest calls."""
        with urllib.request.urlopen(f"{self.anthropic}/_calls", timeout=10) as answer:  # noqa: S310 - our own address
            told: dict[str, Any] = json.load(answer)
            return told

    def journal(self) -> list[Record]:
        """Every call in the order in which they began."""
        with urllib.request.urlopen(f"{self.anthropic}/_journal", timeout=10) as answer:  # noqa: S310 - our own address
            return [Record(**one) for one in json.load(answer)]

    def reset(self) -> None:
        self._post("/_reset", b"")

    def release(self, prompt: str) -> None:
        """Lets a model that holds this prompt's answer back speak."""
        self._post("/_release", prompt.encode())

    def _post(self, path: str, body: bytes) -> None:
        request = urllib.request.Request(f"{self.anthropic}{path}", body, method="POST")  # noqa: S310 - our own address
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - our own address


@contextmanager
def llm_server() -> Iterator[LlmTwin]:
    """A twin in a thread of this process, on a free port."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="llm-twin", daemon=True)
    thread.start()

    def on_loop(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    server = on_loop(serve(0))
    try:
        yield LlmTwin(server.sockets[0].getsockname()[1])
    finally:
        on_loop(_stop(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def llm_server_process() -> Iterator[LlmTwin]:
    """A twin in a process of its own, so that a benchmark measures the caller alone."""
    command = [sys.executable, "-m", __name__, "--port", "0"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stdout is not None
            yield LlmTwin(int(process.stdout.readline().rpartition(":")[2]))
        finally:
            process.terminate()


async def _forever(port: int) -> None:
    server = await serve(port)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.twins.llm_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_forever(parser.parse_args().port))
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")


if __name__ == "__main__":
    main()
