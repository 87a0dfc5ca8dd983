"""PostgreSQL: one cluster, and a database for each test that wants one."""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import asyncpg

from tests.services.docker import Container, docker_answers
from tests.services.locate import install_missing, not_found, postgres_programs, url_from_environment
from tests.services.process import ServerDidNotStart, ServerProcess, free_port
from tests.services.server import Elsewhere, Place, Server

_USER: Final = "ai_platform"
_ENDED_BY_KILL: Final = 30.0
_NOT_DURABLE: Final = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_init_zero=off")
_SETTINGS: Final = ("-c", "max_connections=200", "-c", "track_commit_timestamp=on")

ResultT = TypeVar("ResultT")


class PostgresServer(Server):
    """`url` is the maintenance database, as its owner: `postgresql://…`, for asyncpg, psycopg and libpq alike."""

    def create_database(self, name: str, template: str | None = None) -> str:
        """Returns its URL. A template is copied whole; nobody may be connected to it."""
        copied = f' TEMPLATE "{template}"' if template else ""
        self._execute(f'CREATE DATABASE "{name}"{copied}')
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Throws out who is still connected; no such database is no error."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def has_database(self, name: str) -> bool:
        return bool(outside_the_loop(_fetch(self.url, "SELECT true FROM pg_database WHERE datname = $1", name)))

    def database_url(self, name: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def answers(self) -> bool:
        try:
            outside_the_loop(_fetch(self.url, "SELECT true"))
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return False
        return True

    def _execute(self, statement: str) -> None:
        outside_the_loop(_fetch(self.url, statement))


class PrivatePostgres:
    """A cluster of our own. It lets nobody in without the password, which is made with it."""

    can_be_killed = True

    def __init__(self, programs: Path, place: Place) -> None:
        directory = place.folder("postgres")
        self._programs = programs
        self._data = directory / "data"
        self._password_file = directory / "password"
        self._durable = place.durable
        self.port = free_port()
        durability = () if place.durable else _NOT_DURABLE
        listening = ("-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
        postgres = [str(programs / "postgres"), "-D", str(self._data), *listening, *_SETTINGS, *durability]
        self._process = ServerProcess(
            "postgres",
            [*_as_ordinary_user(), *postgres],
            directory=directory,
            watchdog=place.watchdog,
            ending=signal.SIGINT,
            abandoned=signal.SIGQUIT,
        )

    def url(self) -> str:
        if not self._password_file.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(24))
        return f"postgresql://{_USER}:{self._password_file.read_text()}@127.0.0.1:{self.port}/postgres"

    def start(self, answers: Callable[[], bool]) -> None:
        """After a kill the cluster is refused until its last backend has ended, which a running query delays."""
        if not (self._data / "PG_VERSION").exists():
            self._create_cluster()
        deadline = time.monotonic() + (_ENDED_BY_KILL if (self._data / "postmaster.pid").exists() else 0)
        while True:
            self._process.start()
            try:
                return self._process.wait_until(answers, seconds=30)
            except ServerDidNotStart:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def stop(self, *, gently: bool) -> None:
        """Fast either way; a PostgreSQL that is cut off leaves shared memory behind."""
        self._process.stop(seconds=20 if gently else 5)

    def kill(self) -> None:
        """The postmaster alone: its backends notice, and end by themselves."""
        self._process.kill()

    def freeze(self) -> None:
        self._process.freeze()

    def thaw(self) -> None:
        self._process.thaw()

    def _create_cluster(self) -> None:
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._data, nobody.pw_uid, nobody.pw_gid)
        locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        options = [f"--username={_USER}", "--auth=scram-sha-256", f"--pwfile={self._password_file}", "--encoding=UTF8"]
        options += [f"--locale={locale}", "--no-instructions", *([] if self._durable else ["--no-sync"])]
        initdb = [*_as_ordinary_user(), str(self._programs / "initdb"), "-D", str(self._data), *options]
        ran = subprocess.run(initdb, cwd=self._data, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise ServerDidNotStart(f"initdb failed:\n{ran.stdout[-1000:]}{ran.stderr[-2000:]}")


def find_postgres(place: Place) -> PostgresServer:
    """From the environment, from this machine, or from Docker; raises ServiceNotFound."""
    url = None if place.private else url_from_environment("DATABASE_URL")
    if url:
        return PostgresServer(Elsewhere("PostgreSQL"), _plain_url(url))
    trouble = "" if postgres_programs() else install_missing()
    programs = postgres_programs()
    if programs:
        private = PrivatePostgres(programs, place)
        return PostgresServer(private, private.url())
    if docker_answers():
        return _in_docker(place)
    raise not_found(
        name="PostgreSQL 15 or newer",
        variable="DATABASE_URL",
        package="postgresql",
        formula="postgresql@17",
        trouble=trouble,
    )


def outside_the_loop(work: Coroutine[object, object, ResultT]) -> ResultT:
    """Run it in a thread's own event loop, so that fixtures may call us whether or not theirs runs."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _fetch(url: str, statement: str, *values: object) -> object:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(statement, *values)
    finally:
        await connection.close()


def _in_docker(place: Place) -> PostgresServer:
    port, password = free_port(), secrets.token_urlsafe(24)
    container = Container(
        "postgres:17",
        *("postgres", *_SETTINGS, *(() if place.durable else _NOT_DURABLE)),
        ports={port: 5432},
        environment={"POSTGRES_USER": _USER, "POSTGRES_PASSWORD": password, "POSTGRES_DB": "postgres"},
        watchdog=place.watchdog,
    )
    return PostgresServer(container, f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres")


def _plain_url(url: str) -> str:
    """Without SQLAlchemy's driver name, and with libpq's word for its `ssl`."""
    parts = urlsplit(url)
    query = "&".join(f"sslmode={word[4:]}" if word.startswith("ssl=") else word for word in parts.query.split("&"))
    return parts._replace(scheme="postgresql", query=query).geturl()


def _as_ordinary_user() -> list[str]:
    """PostgreSQL refuses root. As nobody it keeps the right to reach a folder that only root may enter."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise ServerDidNotStart("PostgreSQL does not run as root: install util-linux (setpriv), or run as a user")
    group = pwd.getpwnam("nobody").pw_gid
    reach = "+dac_override,+dac_read_search"
    identity = ["--reuid=nobody", f"--regid={group}", "--clear-groups"]
    return ["setpriv", *identity, f"--inh-caps={reach}", f"--ambient-caps={reach}"]
