"""The three services together, each started when it is first asked for."""

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

from tests.services.postgres import PostgresServer, find_postgres
from tests.services.rabbitmq import RabbitServer, find_rabbitmq
from tests.services.redis import RedisServer, find_redis
from tests.services.server import Place, Server
from tests.services.watchdog import Watchdog

ServerT = TypeVar("ServerT", bound=Server)


class Services:
    """Leaves no process, container or temporary file behind, even when this process is killed.

    `private` never takes a URL from the environment: what is started may be killed. Without a `directory`
    the data is temporary. `durable` has every commit of PostgreSQL reach the disk, for measurements.
    """

    def __init__(self, directory: Path | None = None, *, private: bool = False, durable: bool = False) -> None:
        watchdog = Watchdog()
        self._keeps_data = directory is not None
        if directory is None:
            directory = Path(tempfile.mkdtemp(prefix="ai-platform-services-"))
            watchdog.watch_directory(directory)
        self._place = Place(directory=directory.resolve(), watchdog=watchdog, private=private, durable=durable)
        self._started: list[Server] = []

    @cached_property
    def postgres(self) -> PostgresServer:
        return self._start(find_postgres)

    @cached_property
    def rabbitmq(self) -> RabbitServer:
        return self._start(find_rabbitmq)

    @cached_property
    def redis(self) -> RedisServer:
        return self._start(find_redis)

    def stop(self) -> None:
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda server: server.stop(gently=self._keeps_data), self._started))
        self._place.watchdog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, find: Callable[[Place], ServerT]) -> ServerT:
        server = find(self._place)
        self._started.append(server)
        server.start()
        return server
