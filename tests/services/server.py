"""What the three servers have in common: where they run, and whether a test may hurt them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.services.process import ServerDidNotStart
from tests.services.watchdog import Watchdog


class CannotBeKilled(RuntimeError):
    """The service came by a URL in the environment; faults are injected only into what we started."""


class Host(Protocol):
    """Where a server runs: a process of ours, a container, or somewhere else."""

    can_be_killed: bool

    def start(self, answers: Callable[[], bool]) -> None:
        """Returns when it answers; after `kill` on the same ports with the same data."""

    def stop(self, *, gently: bool) -> None: ...

    def kill(self) -> None: ...

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...


class Elsewhere:
    """Somebody else's server: we wait for it, and leave it as it is."""

    can_be_killed = False

    def __init__(self, name: str) -> None:
        self._name = name

    def start(self, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not answers():
            if time.monotonic() > deadline:
                raise ServerDidNotStart(f"{self._name} does not answer at the URL in the environment")
            time.sleep(0.2)

    def stop(self, *, gently: bool) -> None:  # noqa: ARG002 -- the host's protocol
        return

    def kill(self) -> None:
        raise CannotBeKilled(f"{self._name} at the URL in the environment is not ours")

    freeze = thaw = kill


class Server:
    """A server with one URL. Faults can be injected when `can_be_killed`, else CannotBeKilled is raised."""

    def __init__(self, host: Host, url: str) -> None:
        self.url = url
        self._host = host

    @property
    def can_be_killed(self) -> bool:
        return self._host.can_be_killed

    def start(self) -> None:
        """Returns when it answers. After `kill` or `stop` it comes back on the same ports with its data."""
        self._host.start(self.answers)

    def stop(self, *, gently: bool = True) -> None:
        """No process of it remains. A clean shutdown unless nobody wants the data any more (`gently=False`)."""
        self._host.stop(gently=gently)

    def kill(self) -> None:
        """`kill -9`, as the out-of-memory killer would do it."""
        self._host.kill()

    def freeze(self) -> None:
        """Connections stay open and nothing answers, until `thaw`."""
        self._host.freeze()

    def thaw(self) -> None:
        self._host.thaw()

    def answers(self) -> bool:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where servers keep their files, and who ends them when we are killed.

    `private`: never one from the environment. `durable`: every commit reaches the disk, for measurements.
    """

    directory: Path
    watchdog: Watchdog
    private: bool = False
    durable: bool = False

    def folder(self, name: str) -> Path:
        folder = self.directory / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder
