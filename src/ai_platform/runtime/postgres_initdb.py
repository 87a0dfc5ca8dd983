"""Makes a database cluster completely or not at all."""

import asyncio
import platform
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from ai_platform.runtime.postgres_binaries import Account, PostgresBinaries, PostgresUnavailable
from ai_platform.runtime.postgres_postmaster import postgres_environment

# macOS has no C.UTF-8.
_LOCALE = ["--locale=C", "--lc-ctype=en_US.UTF-8"] if platform.system() == "Darwin" else ["--locale=C.UTF-8"]


async def create_cluster(
    home: Path, *, superuser: str, binaries: PostgresBinaries, account: Account, durable: bool
) -> None:
    """Fill `home` with `data/` (the cluster) and `password` (its superuser's, mode 0600, generated).

    Both are made in a folder beside it that is renamed when finished, so that one cut short is never taken for
    a database. Raises PostgresUnavailable.
    """
    unfinished = _new_folder_beside(home)
    try:
        password = unfinished / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24), encoding="ascii")
        account.own(unfinished)
        cluster = unfinished / "data"
        options = ["-D", str(cluster), "-U", superuser, f"--pwfile={password}", "-A", "scram-sha-256", "-E", "UTF8"]
        options += ["--no-instructions", *_LOCALE, *([] if durable else ["--no-sync"])]
        await _initdb(account.command(binaries.initdb, cluster, *options))
        _put_in_place(unfinished, home)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _new_folder_beside(home: Path) -> Path:
    """A new name each time: the initdb of a killed supervisor may still write into the folder it began."""
    prefix = f"{home.name}.new-"
    for left_over in home.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=home.parent))


async def _initdb(command: list[str]) -> None:
    initdb = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=postgres_environment(),
        start_new_session=True,
    )
    try:
        said, _ = await initdb.communicate()
    finally:
        if initdb.returncode is None:
            initdb.terminate()
            await initdb.wait()
    if initdb.returncode != 0:
        raise PostgresUnavailable(f"The database could not be created: {last_lines(said)}")


def _put_in_place(unfinished: Path, home: Path) -> None:
    try:
        unfinished.rename(home)
    except OSError as error:
        raise PostgresUnavailable(f"{home} is in the way of a new database: move it away.") from error


def last_lines(output: bytes) -> str:
    """What a program said in the end, in one line."""
    return " | ".join(output.decode(errors="replace").splitlines()[-5:]) or "it said nothing"
