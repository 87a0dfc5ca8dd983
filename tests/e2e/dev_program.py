"""`ai-platform dev` as a process of the operating system, and the PostgreSQL that it leaves running."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.programs import Program, until
from tests.services.watchdog import Watchdog


class DevProcess(Program):
    """`ai-platform dev` on one data directory, again and again."""

    def __init__(
        self,
        data_dir: Path,
        *more: str,
        directory: Path,
        watchdog: Watchdog,
        variables: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> None:
        arguments = ("dev", "--port", str(port), "--json", "--data-dir", str(data_dir), *more)
        super().__init__(*arguments, directory=directory, watchdog=watchdog, variables=variables)
        self.data_dir = data_dir

    def is_ready(self) -> bool:
        return self.out.endswith("\n")

    @property
    def ready(self) -> dict[str, Any]:
        """The ready line; nothing else may be on stdout."""
        line: dict[str, Any] = json.loads(self.out)
        return line

    @property
    def postmaster(self) -> int | None:
        """The pid of its PostgreSQL, by the lock file; None when there is none."""
        lines = self._lock_file()
        return int(lines[0]) if lines else None

    @property
    def database_url(self) -> str:
        password = (self.data_dir / "postgres" / "password").read_text()
        return f"postgresql://ai_platform:{password}@127.0.0.1:{self._lock_file()[3]}/ai_platform"

    def close(self) -> None:
        """Also its PostgreSQL, which outlives a killed `dev` by design."""
        super().close()
        if (pid := self.postmaster) is not None and _is_postgres(pid):
            os.kill(pid, signal.SIGQUIT)
            until(lambda: not _is_postgres(pid), what="the end of the left-over PostgreSQL")

    def _lock_file(self) -> list[str]:
        file = self.data_dir / "postgres" / "data" / "postmaster.pid"
        return file.read_text().splitlines() if file.exists() else []


def _is_postgres(pid: int) -> bool:
    """A zombie counts as gone: where process 1 does not reap, it stays in the table."""
    shown = subprocess.run(["ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return re.match(r"[^Z]\S*\s.*postgres", shown.stdout.strip()) is not None
