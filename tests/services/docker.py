"""A server in a container, for machines that have a Docker engine and no server programs."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence

from tests.services.process import ServerDidNotStart
from tests.services.watchdog import Watchdog


def docker_answers() -> bool:
    """Whether there is an engine, not only its client."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=30).returncode == 0


class Container:
    """Keeps its data and ports over `kill` and `stop`; the watchdog removes it at the end of the run."""

    can_be_killed = True

    def __init__(
        self,
        image: str,
        *arguments: str,
        ports: Mapping[int, int],
        watchdog: Watchdog,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`ports` leads from ports of 127.0.0.1 to the container's; `arguments` are the server's."""
        self._image = image
        self._arguments = arguments
        self._ports = ports
        self._environment = environment or {}
        self._watchdog = watchdog
        self._name = f"ai-platform-services-{uuid.uuid4().hex[:12]}"
        self._created = False

    def start(self, answers: Callable[[], bool]) -> None:
        if self._created:
            _docker("start", self._name)
        else:
            self._create()
        deadline = time.monotonic() + 60
        while not answers():
            if time.monotonic() > deadline:
                raise ServerDidNotStart(f"{self._image} gave no answer in 60 s:\n{_docker('logs', self._name)[-3000:]}")
            time.sleep(0.1)

    def stop(self, *, gently: bool) -> None:
        if self._created:
            _docker("stop", "-t", "20" if gently else "1", self._name)

    def kill(self) -> None:
        _docker("kill", self._name)

    def freeze(self) -> None:
        _docker("pause", self._name)

    def thaw(self) -> None:
        _docker("unpause", self._name)

    def _create(self) -> None:
        ports = [f"--publish=127.0.0.1:{outer}:{inner}" for outer, inner in self._ports.items()]
        environment = [f"--env={name}={value}" for name, value in self._environment.items()]
        self._watchdog.watch_container(self._name)
        _docker("run", "--detach", "--name", self._name, *ports, *environment, self._image, *self._arguments)
        self._created = True


def _docker(*arguments: str) -> str:
    """What it printed, logs too. The first `run` pulls the image, which may take minutes."""
    command: Sequence[str] = ["docker", *arguments]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600)
    if ran.returncode != 0:
        raise ServerDidNotStart(f"docker {arguments[0]} failed:\n{ran.stdout[-3000:]}")
    return ran.stdout
