"""One server program, run as our child in a session of its own."""

import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from tests.services.watchdog import Watchdog


class ServerDidNotStart(RuntimeError):
    """Says which server, why, and what it wrote last."""


def free_port() -> int:
    """A port of 127.0.0.1 below the range that systems take for outgoing connections.

    A server that was killed comes back on its port; up there a stranger's connection could have taken it.
    """
    for _ in range(200):
        port = random.randint(15_000, 32_000)  # noqa: S311 -- a port is no secret
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("no free port between 15000 and 32000 on 127.0.0.1")


class ServerProcess:
    """Our Ctrl-C does not reach it, so that it outlives the tests' teardown; the watchdog sees to its end."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        directory: Path,
        watchdog: Watchdog,
        environment: Mapping[str, str] | None = None,
        ending: signal.Signals = signal.SIGTERM,
        abandoned: signal.Signals = signal.SIGKILL,
    ) -> None:
        """`ending` asks for a clean shutdown, `abandoned` is the watchdog's first word to it."""
        self._name = name
        self._log = directory / f"{name}.log"
        self._command = command
        self._directory = directory
        self._watchdog = watchdog
        self._environment = environment
        self._ending = ending
        self._abandoned = abandoned
        self._popen: subprocess.Popen[bytes] | None = None
        self._leftovers: list[psutil.Process] = []
        self._log_start = 0

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Does not wait until the server answers; starting a running one changes nothing."""
        if self.running:
            return
        self._forget()
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._popen = subprocess.Popen(
                self._command,
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._watchdog.watch_process(self._popen.pid, self._abandoned)

    def wait_until(self, answers: Callable[[], bool], *, seconds: float) -> None:
        """Raises ServerDidNotStart, and leaves no process behind, when it ends or stays silent."""
        deadline = time.monotonic() + seconds
        while not answers():
            if not self.running or time.monotonic() > deadline:
                why = f"gave no answer in {seconds:g} s" if self.running else "ended while it started"
                self.stop(seconds=1)
                raise ServerDidNotStart(f"{self._name} {why}:\n{self.last_words()}")
            time.sleep(0.02)

    def last_words(self) -> str:
        """The end of what it has written since its last start."""
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            return log.read()[-3000:].decode(errors="replace")

    def stop(self, *, seconds: float) -> None:
        """Ask it to end, insist after `seconds`, and return when neither it nor a child of it lives."""
        self.thaw()
        self._leftovers += self._family()
        if self._popen is not None and self.running:
            self._popen.send_signal(self._ending)
        if not self._all_gone_within(seconds):
            for process in self._leftovers:
                _send(process, signal.SIGKILL)
            self._all_gone_within(5)
        self._forget()
        self._leftovers.clear()

    def kill(self, program: str | None = None) -> None:
        """`kill -9` of the server alone, or of that descendant which is called `program`; nobody tidies up."""
        family = self._family()
        for process in family if program else family[:1]:
            if program is None or _name(process).startswith(program):
                _send(process, signal.SIGKILL)
        self.thaw()
        if self._popen is not None:
            self._popen.wait(10)
        self._leftovers += family
        self._forget()

    def freeze(self) -> None:
        """SIGSTOP to all of it: connections stay open, and nothing answers."""
        for process in self._family():
            _send(process, signal.SIGSTOP)

    def thaw(self) -> None:
        for process in self._family():
            _send(process, signal.SIGCONT)

    def _family(self) -> list[psutil.Process]:
        if self._popen is None or not self.running:
            return []
        try:
            parent = psutil.Process(self._popen.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _all_gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running or any(lives(process) for process in self._leftovers):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _forget(self) -> None:
        if self._popen is not None:
            self._watchdog.forget_process(self._popen.pid, self._abandoned)
            self._popen = None


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def lives(process: psutil.Process) -> bool:
    """A zombie is dead: where process 1 does not reap, it stays in the table."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
