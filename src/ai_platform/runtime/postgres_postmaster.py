"""The process behind a database cluster, known by its pid alone when an earlier supervisor started it."""

import asyncio
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from ai_platform.runtime.postgres_binaries import PostgresUnavailable

POLL_SECONDS: Final = 0.02

# Nothing else of our environment: a superuser of the database could read our secrets there.
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

# Fast shutdown, immediate shutdown, and the kernel's word for a process that obeys neither.
_STOP_SIGNALS = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))


def postgres_environment() -> dict[str, str]:
    """What PostgreSQL's programs get to see; its messages are in English, because some are read by us."""
    return {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ} | {"LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class LockFile:
    """`postmaster.pid` (PostgreSQL, src/include/utils/pidfile.h): line 1 the pid, 4 the port, 8 the status."""

    pid: int
    port: int
    status: str

    @classmethod
    def read(cls, cluster: Path) -> Self | None:
        """None when there is none, or one that was not written to its end."""
        try:
            lines = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
            return cls(int(lines[0]), int(lines[3]), lines[7].strip() if len(lines) > 7 else "starting")
        except (FileNotFoundError, IndexError, ValueError):
            return None

    @staticmethod
    def mark_stale(cluster: Path) -> None:
        """Let PostgreSQL see that the lock's holder is gone, though its pid may live on as another process.

        PostgreSQL takes its parent's pid in the lock for stale. The other lines stay: by them it finds orphans that
        still write, which deleting the file would hide.
        """
        path = cluster / "postmaster.pid"
        with suppress(FileNotFoundError):
            rest = path.read_bytes().partition(b"\n")[2]
            descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)  # another account's folder: no links
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"%d\n" % os.getpid() + rest)


@dataclass(frozen=True, slots=True)
class Postmaster:
    """One postmaster; `process` only if it is our child."""

    pid: int
    cluster: Path
    process: "subprocess.Popen[bytes] | None" = None

    @classmethod
    def spawn(cls, command: list[str], cluster: Path, log: Path) -> Self:
        """Start one in a session of its own, so that a Ctrl-C meant for us does not end it under our drain."""
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - programs found by us, arguments made by us
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=postgres_environment(),
                start_new_session=True,
            )
        return cls(process.pid, cluster, process)

    def is_running(self) -> bool:
        """Whether the pid is this cluster's postmaster and nothing that came to its number later."""
        if self.process is not None:
            return self.process.poll() is None
        if f"/postgres -D {self.cluster} " in f"{_command_of(self.pid)} ":
            return True
        with suppress(OSError):  # there is no /proc, or it is not for us to look at
            process = Path(f"/proc/{self.pid}")
            is_postgres = (process / "comm").read_text(encoding="utf-8").strip() == "postgres"
            return is_postgres and (process / "cwd").samefile(self.cluster)
        return False

    async def ready(self, patience: float) -> LockFile | None:
        """Its lock file once it takes connections; None if it ends, shuts down or needs more seconds than that."""
        deadline = time.monotonic() + patience
        while self.is_running() and time.monotonic() < deadline:
            lock = LockFile.read(self.cluster)
            if lock is not None and lock.pid == self.pid:
                if lock.status == "ready":
                    return lock
                if lock.status == "stopping":
                    return None
            await asyncio.sleep(POLL_SECONDS)
        return None

    async def stop(self) -> None:
        """Fast shutdown, then harder; returns when it has ended. Raises PostgresUnavailable if nothing helps."""
        for number, patience in _STOP_SIGNALS:
            if not self.is_running():
                return
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
            deadline = time.monotonic() + patience
            while self.is_running() and time.monotonic() < deadline:  # noqa: ASYNC110 - another process sets no Event
                await asyncio.sleep(POLL_SECONDS)
        if self.is_running():
            raise PostgresUnavailable(f"PostgreSQL (process {self.pid}) does not stop: end it by hand and start again.")


def _command_of(pid: int) -> str:
    """Its command line; empty for a process that is gone, or has ended and is not yet waited for."""
    if Path("/proc/self/cmdline").exists():
        with suppress(OSError):
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" "))
        return ""
    listed = subprocess.run(  # noqa: S603 - a number of ours is the only argument
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip()
