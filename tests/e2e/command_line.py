"""The command line as an operator types it, run to its end, with nothing in it of our own surroundings."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

AI_PLATFORM: Final = str(Path(sys.executable).parent / "ai-platform")
INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """What a process needs of ours, and nothing that would configure it."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | dict(changes)


def run_command(
    *arguments: str, directory: Path, variables: Mapping[str, str] | None = None, within: float = 60
) -> "subprocess.CompletedProcess[str]":
    """`ai-platform …` to its end."""
    return subprocess.run(
        [AI_PLATFORM, *arguments],
        cwd=directory,
        env=environment(variables or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )


def run(
    *arguments: str, directory: Path, code: int = 0, variables: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    ran = run_command(*arguments, directory=directory, variables=variables)
    assert ran.returncode == code, f"{ran.returncode}: {ran.stdout}{ran.stderr}"
    assert "Traceback" not in ran.stdout + ran.stderr, ran.stdout + ran.stderr
    return ran


def findings(ran: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, str]]:
    return {one["subject"]: one for one in json.loads(ran.stdout)}
