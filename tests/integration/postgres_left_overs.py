"""What is left of a private PostgreSQL when it or its supervisor is killed: processes, locks and half a cluster."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

AS_ROOT = os.geteuid() == 0

KILLED_SUPERVISOR = """
import asyncio, os, sys
from pathlib import Path
from ai_platform.runtime.postgres_embedded import EmbeddedPostgres

async def main():
    postgres = EmbeddedPostgres(Path(sys.argv[1]), durable=sys.argv[2] == "durable")
    await postgres.start()
    sys.stdout.write(str(postgres.pid))
    sys.stdout.flush()
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


def processes_on(folder: Path) -> list[psutil.Process]:
    """The process groups' heads and the orphans: all that name the folder or work in it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(str(folder) in word for word in process.cmdline()) or process.cwd().startswith(str(folder)):
                found.append(process)
    return found


def supervise_until_killed(data_dir: Path, durability: str = "durable") -> int:
    """The pid of the postmaster that outlives its supervisor."""
    supervisor = subprocess.run(
        [sys.executable, "-c", KILLED_SUPERVISOR, data_dir, durability], stdout=subprocess.PIPE, check=False
    )
    assert supervisor.returncode == -9
    return int(supervisor.stdout)


def is_alive(pid: int) -> bool:
    """A zombie is not: who reaps a killed supervisor's children is the system's business."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def kill_9(pid: int) -> None:
    os.kill(pid, 9)


def kill_within_initdb(data_dir: Path) -> None:
    """kill -9 of a supervisor and all its children while the cluster is half made."""
    with subprocess.Popen([sys.executable, "-c", KILLED_SUPERVISOR, data_dir, "durable"]) as supervisor:
        while not list(data_dir.glob("postgres.new-*/data/PG_VERSION")):
            assert supervisor.poll() is None
        children = psutil.Process(supervisor.pid).children(recursive=True)
        supervisor.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    assert not (data_dir / "postgres").exists()


def lock_of(data_dir: Path) -> Path:
    return data_dir / "postgres" / "data" / "postmaster.pid"


def hand_to_postgres(data_dir: Path, file: Path) -> None:
    os.chown(file, (data_dir / "postgres").stat().st_uid, -1)


@contextmanager
def a_stranger(data_dir: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A process of PostgreSQL's user, because PostgreSQL itself ignores the pids of others in its lock."""
    user = (data_dir / "postgres").stat().st_uid if AS_ROOT else None
    with subprocess.Popen(["sleep", "60"], user=user) as stranger:
        try:
            yield stranger
        finally:
            stranger.kill()
