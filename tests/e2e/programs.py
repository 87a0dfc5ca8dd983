"""Our own commands as processes of the operating system: started, killed, frozen, and asked to stop."""

import json
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar, TypeVarTuple

import httpx

from tests.e2e.command_line import AI_PLATFORM, environment
from tests.http_clients import request
from tests.patience import PATIENCE
from tests.services.process import free_port
from tests.services.watchdog import Watchdog

GivenT = TypeVarTuple("GivenT")
ValueT = TypeVar("ValueT")


def until(
    condition: Callable[[*GivenT], ValueT | None],
    *given: *GivenT,
    within: float = PATIENCE,
    pause: float = 0.05,
    what: str = "the condition",
) -> ValueT:
    """What `condition` says of the given, as soon as that is true; AssertionError after `within` seconds."""
    deadline = time.monotonic() + within
    while not (value := condition(*given)):
        assert time.monotonic() < deadline, f"{what} did not come true within {within:g} s"
        time.sleep(pause)
    return value


def answers(url: str) -> bool:
    try:
        return request("GET", url, timeout=2).is_success
    except httpx.TransportError:
        return False


class Program(ABC):
    """One `ai-platform …`. Each start has fresh words; `history` has those of all its starts."""

    def __init__(
        self, *arguments: str, directory: Path, watchdog: Watchdog, variables: Mapping[str, str] | None = None
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._command = [AI_PLATFORM, *arguments]
        self._directory = directory
        self._watchdog = watchdog
        self._files = (directory / f"{arguments[0]}.out", directory / f"{arguments[0]}.err")
        self._begins = (0, 0)
        self._popen: subprocess.Popen[bytes] | None = None
        self.variables = dict(variables or {})

    @property
    def pid(self) -> int:
        assert self._popen is not None, "not started"
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def launch(self) -> Self:
        """Does not wait for anything."""
        with self._files[0].open("ab") as out, self._files[1].open("ab") as err:
            self._begins = (out.tell(), err.tell())
            self._popen = subprocess.Popen(
                self._command,
                cwd=self._directory,
                env=environment(self.variables),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self._watchdog.watch_process(self._popen.pid, signal.SIGTERM)
        return self

    def start(self) -> Self:
        """Returns when it is ready."""
        self.launch()
        try:
            until(lambda: not self.running or self.is_ready(), what=f"{self._command[1]} ready")
            assert self.running, f"{self._command[1]} ended while it started:\n{self.out}{self.err}"
        except AssertionError:
            self.kill()
            raise
        return self

    @abstractmethod
    def is_ready(self) -> bool: ...

    def wait(self, *, within: float = PATIENCE) -> int:
        """Its exit code."""
        assert self._popen is not None, "not started"
        code = self._popen.wait(within)
        self._watchdog.forget_process(self._popen.pid, signal.SIGTERM)
        return code

    def kill(self) -> None:
        """`kill -9` of the one process; whatever it started lives on."""
        self.send(signal.SIGKILL)
        self.wait()

    def stop(self, *, within: float = PATIENCE) -> None:
        """SIGTERM, which every process answers by a clean end."""
        self.send(signal.SIGTERM)
        code = self.wait(within=within)
        assert code == 0, f"{self._command[1]} ended with {code}:\n{self.out}{self.err}"

    def freeze(self) -> None:
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.send(signal.SIGCONT)

    def send(self, number: signal.Signals) -> None:
        assert self._popen is not None, "not started"
        self._popen.send_signal(number)

    def close(self) -> None:
        if self.running:
            self.kill()

    @property
    def out(self) -> str:
        return self._read(0, self._begins[0])

    @property
    def err(self) -> str:
        return self._read(1, self._begins[1])

    @property
    def history(self) -> str:
        return self._read(0, 0) + self._read(1, 0)

    def lines(self) -> list[dict[str, Any]]:
        """The log since its last start, which is one JSON object a line; a line half written is left out."""
        whole = self.out.rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def _read(self, which: int, begin: int) -> str:
        file = self._files[which]
        return file.read_bytes()[begin:].decode() if file.exists() else ""


class GatewayProcess(Program):
    """On a port of its own, which stays the same when it starts again."""

    def __init__(self, *, directory: Path, watchdog: Watchdog, variables: Mapping[str, str]) -> None:
        port = free_port()
        super().__init__("gateway", "--port", str(port), directory=directory, watchdog=watchdog, variables=variables)
        self.url = f"http://127.0.0.1:{port}"

    def is_ready(self) -> bool:
        return answers(f"{self.url}/livez")


class WorkerProcess(Program):
    def __init__(self, *, directory: Path, watchdog: Watchdog, variables: Mapping[str, str]) -> None:
        super().__init__("llm-worker", directory=directory, watchdog=watchdog, variables=variables)

    def is_ready(self) -> bool:
        return any(line["event"] == "worker_started" for line in self.lines())


class AgentProcess(Program):
    def __init__(self, *, directory: Path, watchdog: Watchdog, variables: Mapping[str, str]) -> None:
        super().__init__("commerce-agent", directory=directory, watchdog=watchdog, variables=variables)

    def is_ready(self) -> bool:
        return any(line["event"] == "commerce_agent_started" for line in self.lines())
