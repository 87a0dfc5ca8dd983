"""A private PostgreSQL for `dev`, which outlives kill -9 of itself and of us.

    data_dir/postgres/        made complete or not at all; as root it belongs to the account that runs PostgreSQL
        data/                 the database cluster
        password              its superuser's, mode 0600
    data_dir/postgres.log     what PostgreSQL said, mode 0600

Nothing here locks the data directory: that one supervisor works on it at a time is the caller's business.
"""

import asyncio
import math
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import asyncpg

from ai_platform.runtime.postgres_binaries import Account, PostgresBinaries, PostgresUnavailable, find_binaries
from ai_platform.runtime.postgres_initdb import create_cluster, last_lines
from ai_platform.runtime.postgres_postmaster import POLL_SECONDS, LockFile, Postmaster

DATABASE: Final = "ai_platform"
SUPERUSER: Final = "ai_platform"

_START_SECONDS = 30.0
_LOG_BYTES = 10 * 1024 * 1024
_SOCKET_PATH_BYTES = 100  # kernels take 104 or 108
_PASSING_TROUBLES = ("still in use", "already exists", "could not create any TCP/IP sockets")


class _RefusedForNow(Exception):
    """The postmaster ended at once for a reason that passes: orphans of the last one, a port just taken."""


class EmbeddedPostgres:
    """Supervises one PostgreSQL below `data_dir`, on 127.0.0.1 and a free port.

    `durable=False` gives up what a loss of power would take, for speed; for tests only.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._data_dir = data_dir.resolve()
        self._home = self._data_dir / "postgres"
        self._cluster = self._home / "data"
        self._log = self._data_dir / "postgres.log"
        self._durable = durable
        self._port = 0
        self._postmaster: Postmaster | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """The postmaster's. Raises PostgresUnavailable when not started."""
        if self._postmaster is None:
            raise PostgresUnavailable("The private PostgreSQL is not started: call start() first.")
        return self._postmaster.pid

    @property
    def url(self) -> str:
        """`postgresql+asyncpg://user:password@127.0.0.1:port/ai_platform`, as of the last start."""
        return f"postgresql+asyncpg://{SUPERUSER}:{self._password()}@127.0.0.1:{self._port}/{DATABASE}"

    @property
    def is_running(self) -> bool:
        return self._postmaster is not None and self._postmaster.is_running()

    async def start(self) -> str:
        """Create, adopt or start the database; returns its URL once it answers.

        A postmaster left over by a killed supervisor is adopted if it serves us, else stopped. Start again after the
        postmaster died: the URL stays the same while its port is free. Raises PostgresUnavailable.
        """
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        account = Account.of(self._home)
        binaries = await asyncio.to_thread(find_binaries, self._made_by())
        if not self._cluster.exists():
            await create_cluster(
                self._home, superuser=SUPERUSER, binaries=binaries, account=account, durable=self._durable
            )
        deadline = math.inf
        try:
            while not await self._adopt():
                try:
                    await self._launch(binaries, account)
                    break
                except _RefusedForNow as refusal:
                    deadline = min(deadline, time.monotonic() + _START_SECONDS)
                    if time.monotonic() > deadline:
                        raise PostgresUnavailable(str(refusal)) from refusal
                await asyncio.sleep(5 * POLL_SECONDS)
        except BaseException:
            await self.stop()
            raise
        return self.url

    async def stop(self) -> None:
        """Fast shutdown, also of an adopted postmaster; returns when it has ended. Nothing happens when not started."""
        if self._postmaster is not None:
            await self._postmaster.stop()
        self._postmaster = None

    def _made_by(self) -> int | None:
        """The major version that made the cluster; None before there is one."""
        if not self._cluster.exists():
            return None
        try:
            return int((self._cluster / "PG_VERSION").read_text(encoding="ascii").split(".")[0])
        except (FileNotFoundError, ValueError) as error:
            raise PostgresUnavailable(
                f"{self._cluster} is no PostgreSQL database: move {self._home} away to begin anew."
            ) from error

    async def _adopt(self) -> bool:
        """Take over the postmaster that runs already, if it serves us; stop it if it does not."""
        lock = LockFile.read(self._cluster)
        if self._postmaster is None or not self._postmaster.is_running():
            self._postmaster = Postmaster(lock.pid, self._cluster) if lock is not None else None
        if self._postmaster is None:
            return False
        lock = await self._postmaster.ready(_START_SECONDS)
        if lock is not None:
            self._port = lock.port
            with suppress(PostgresUnavailable):
                await self._prove_service()
                return True
        await self.stop()
        return False

    async def _launch(self, binaries: PostgresBinaries, account: Account) -> None:
        """Start a postmaster and wait until it serves us. Raises _RefusedForNow when trying again may help."""
        self._tidy(account)
        said_before = self._log.stat().st_size
        self._port = _free_port(self._port)
        command = account.command(binaries.postgres, self._cluster, "-D", str(self._cluster), *self._settings())
        self._postmaster = Postmaster.spawn(command, self._cluster, self._log)
        if await self._postmaster.ready(_START_SECONDS) is not None:
            await self._prove_service()
            return
        if self._postmaster.is_running():
            raise PostgresUnavailable(f"PostgreSQL is not ready after {_START_SECONDS:.0f} seconds: see {self._log}.")
        words = last_lines(self._log.read_bytes()[said_before:])
        passes = any(trouble in words for trouble in _PASSING_TROUBLES)
        raise (_RefusedForNow if passes else PostgresUnavailable)(f"PostgreSQL ended at once: {words}")

    def _tidy(self, account: Account) -> None:
        """Put away what a killed postmaster left, and a log that has grown too long."""
        if self._home.stat().st_uid != account.uid:
            account.own(self._home)
        LockFile.mark_stale(self._cluster)
        for left_over in self._home.glob(".s.PGSQL.*"):
            left_over.unlink()
        self._log.touch(mode=0o600)
        if self._log.stat().st_size > _LOG_BYTES:
            os.truncate(self._log, 0)

    def _settings(self) -> list[str]:
        """Small, on loopback only, and never less than durable; nothing a person wrote goes into the log."""
        safe = "on" if self._durable else "off"
        longest_socket = self._home / ".s.PGSQL.65535"
        fits = len(os.fsencode(longest_socket)) < _SOCKET_PATH_BYTES
        quoted = str(self._home).replace('"', '""')
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": f'"{quoted}"' if fits else "",
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "fsync": safe,
            "synchronous_commit": safe,
            "full_page_writes": safe,
            "client_connection_check_interval": "1s",  # orphans of a killed supervisor end, whatever they compute
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _password(self) -> str:
        file = self._home / "password"
        try:
            return file.read_text(encoding="ascii")
        except FileNotFoundError as error:
            raise PostgresUnavailable(
                f"{file} is missing: restore it, or move {self._home} away to begin anew."
            ) from error

    async def _prove_service(self) -> None:
        """It knows our password and is as durable as asked for; the first time, the database is made here."""
        try:
            connection = await asyncpg.connect(
                host="127.0.0.1",
                port=self._port,
                user=SUPERUSER,
                password=self._password(),
                database="postgres",
                ssl=False,
                timeout=5,
                command_timeout=15,
            )
            try:
                if self._durable and await connection.fetchval("SHOW fsync") != "on":
                    raise PostgresUnavailable("The PostgreSQL that runs was started without fsync: stop it.")
                if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                    await connection.execute(f"CREATE DATABASE {DATABASE}")
            finally:
                await connection.close(timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise PostgresUnavailable(f"PostgreSQL runs but does not serve us ({error}): see {self._log}.") from error


def _free_port(preferred: int) -> int:
    """The preferred port if it is free, else any that is; somebody may still take it before PostgreSQL does."""
    for port in (preferred, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise PostgresUnavailable("No port is free on 127.0.0.1: check the loopback interface.")
