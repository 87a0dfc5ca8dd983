"""Ends whatever this run has started, also when the run itself was killed with -9.

The watchdog is a small process in a session of its own. It reads what to watch from a pipe, and acts when the
pipe ends: because the run closed it, or because the run is no more. It needs the standard library only.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_GRACE = 5.0


class Watchdog:
    """Watched at the end: server processes are ended, containers and directories are removed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    def watch_process(self, group: int, ending: signal.Signals) -> None:
        """A process group: it gets `ending`, and SIGKILL five seconds later."""
        self._tell(f"+ process {group} {int(ending)}")

    def forget_process(self, group: int, ending: signal.Signals) -> None:
        self._tell(f"- process {group} {int(ending)}")

    def watch_container(self, name: str) -> None:
        self._tell(f"+ container {name}")

    def watch_directory(self, path: Path) -> None:
        self._tell(f"+ directory {path}")

    def close(self) -> None:
        """Returns when all that is still watched is gone."""
        self._process.communicate()

    def _tell(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()


def main() -> None:
    watched: set[str] = set()
    for line in sys.stdin:
        verb, _, subject = line.rstrip("\n").partition(" ")
        (watched.add if verb == "+" else watched.discard)(subject)
    _end_processes(_subjects(watched, "process"))
    for name in _subjects(watched, "container"):
        subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True, check=False)
    for path in _subjects(watched, "directory"):
        shutil.rmtree(path, ignore_errors=True)


def _subjects(watched: set[str], kind: str) -> list[str]:
    return [subject.removeprefix(f"{kind} ") for subject in watched if subject.startswith(f"{kind} ")]


def _end_processes(subjects: list[str]) -> None:
    groups = {int(group): int(ending) for group, ending in (subject.split() for subject in subjects)}
    for group, ending in groups.items():
        _signal(group, ending)
        _signal(group, signal.SIGCONT)
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline and any(_signal(group, 0) for group in groups):
        time.sleep(0.05)
    for group in groups:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Whether there is such a process group of ours."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
