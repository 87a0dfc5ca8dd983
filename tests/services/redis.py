"""Redis: one server, and an empty numbered database for each test that wants one."""

import os
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import redis

from tests.services.docker import Container, docker_answers
from tests.services.locate import install_missing, not_found, redis_program, url_from_environment
from tests.services.process import ServerProcess, free_port
from tests.services.server import Elsewhere, Host, Place, Server

_DATABASES: Final = 16
_SETTINGS: Final = ("--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--databases", str(_DATABASES))


class RedisServer(Server):
    """`url` is database 0."""

    def __init__(self, host: Host, url: str) -> None:
        super().__init__(host, url)
        self._numbers = cycle(_own_databases())

    def empty_database(self) -> str:
        """The URL of a database without a key: on a server that is not ours, nobody's keys are touched."""
        for _ in range(_DATABASES):
            url = urlsplit(self.url)._replace(path=f"/{next(self._numbers)}").geturl()
            with redis.Redis.from_url(url) as client:
                if client.dbsize() == 0:
                    return url
        raise RuntimeError(f"all {_DATABASES} databases of the Redis server hold keys")

    def clear_database(self, url: str) -> None:
        with redis.Redis.from_url(url) as client:
            client.flushdb()

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, retry=None) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False


def _own_databases() -> range:
    """Two runs side by side (pytest-xdist) may be given the same server, and would find the same one empty."""
    runs = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return range(mine % _DATABASES, _DATABASES, runs)


class PrivateRedis:
    """Writes every change to its append-only file before it answers, so that a kill loses nothing."""

    can_be_killed = True

    def __init__(self, program: Path, place: Place) -> None:
        directory = place.folder("redis")
        self.port = free_port()
        listening = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(directory), "--daemonize", "no")
        self._process = ServerProcess(
            "redis", [str(program), *listening, *_SETTINGS], directory=directory, watchdog=place.watchdog
        )

    def start(self, answers: Callable[[], bool]) -> None:
        self._process.start()
        self._process.wait_until(answers, seconds=20)

    def stop(self, *, gently: bool) -> None:
        self._process.stop(seconds=10 if gently else 1)

    def kill(self) -> None:
        self._process.kill()

    def freeze(self) -> None:
        self._process.freeze()

    def thaw(self) -> None:
        self._process.thaw()


def find_redis(place: Place) -> RedisServer:
    """From the environment, from this machine, or from Docker; raises ServiceNotFound."""
    url = None if place.private else url_from_environment("REDIS_URL")
    if url:
        return RedisServer(Elsewhere("Redis"), url)
    trouble = "" if redis_program() else install_missing()
    program = redis_program()
    if program:
        private = PrivateRedis(program, place)
        return RedisServer(private, f"redis://127.0.0.1:{private.port}/0")
    if docker_answers():
        port = free_port()
        container = Container("redis:8", "redis-server", *_SETTINGS, ports={port: 6379}, watchdog=place.watchdog)
        return RedisServer(container, f"redis://127.0.0.1:{port}/0")
    raise not_found(name="Redis", variable="REDIS_URL", package="redis-server", formula="redis", trouble=trouble)
