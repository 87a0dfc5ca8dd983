"""RabbitMQ: one node, and a virtual host for each test that wants one."""

import os
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import httpx

from tests.http_clients import request
from tests.services.docker import Container, docker_answers
from tests.services.locate import epmd_program, install_missing, not_found, rabbitmq_program, url_from_environment
from tests.services.process import ServerProcess, free_port
from tests.services.server import Elsewhere, Host, Place, Server

_AMQP_0_9_1: Final = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME: Final = b"\x01"
_CONFIGURATION: Final = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {prometheus}
disk_free_limit.absolute = 64MB
"""


class RabbitServer(Server):
    """`url` is the default virtual host as guest; `management_url` is the root of the HTTP API and console."""

    def __init__(self, host: Host, url: str, *, management_url: str) -> None:
        super().__init__(host, url)
        self.management_url = management_url
        parts = urlsplit(url)
        self._address = (parts.hostname or "localhost", parts.port or 5672)
        self._credentials = (unquote(parts.username or "guest"), unquote(parts.password or "guest"))

    def create_vhost(self, name: str) -> str:
        """Returns its URL."""
        vhost, user = quote(name, safe=""), quote(self._credentials[0], safe="")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._request("PUT", f"/api/vhosts/{vhost}")
        self._request("PUT", f"/api/permissions/{vhost}/{user}", json=everything)
        return urlsplit(self.url)._replace(path=f"/{vhost}").geturl()

    def drop_vhost(self, name: str) -> None:
        """With its queues and messages; its connections are closed."""
        self._request("DELETE", f"/api/vhosts/{quote(name, safe='')}")

    def settle(self) -> None:
        """Wait until `kill` cannot lose a queue.

        RabbitMQ writes down a quorum queue's name a second after it has confirmed its declaration. Killed within
        that second, it comes back with a queue that refuses every message until it is deleted.
        """
        time.sleep(1.5)

    def answers(self) -> bool:
        return self._speaks_amqp() and (not self.can_be_killed or self._management_answers())

    def _speaks_amqp(self) -> bool:
        try:
            with socket.create_connection(self._address, timeout=5) as connection:
                connection.sendall(_AMQP_0_9_1)
                return connection.recv(1) == _METHOD_FRAME
        except OSError:
            return False

    def _management_answers(self) -> bool:
        try:
            answer = request("GET", f"{self.management_url}/api/vhosts", auth=self._credentials)
        except httpx.TransportError:
            return False
        return answer.is_success

    def _request(self, method: str, path: str, json: dict[str, str] | None = None) -> None:
        try:
            url = f"{self.management_url}{path}"
            request(method, url, json=json, auth=self._credentials).raise_for_status()
        except httpx.HTTPError as error:
            raise RuntimeError(
                f"RabbitMQ's management API at {self.management_url} refused {method} {path} ({error}); "
                "set TEST_RABBITMQ_MANAGEMENT_URL when it is elsewhere"
            ) from error


class PrivateRabbit:
    """A node of our own under a port mapper (epmd) of our own: it meets no other node on this machine."""

    can_be_killed = True

    def __init__(self, program: Path, epmd: Path, place: Place) -> None:
        self._directory = place.folder("rabbitmq")
        self.port, self.management_port, self._epmd_port = free_port(), free_port(), free_port()
        self._epmd = ServerProcess(
            "epmd",
            [str(epmd), "-port", str(self._epmd_port), "-address", "127.0.0.1"],
            directory=self._directory,
            watchdog=place.watchdog,
        )
        self._node = ServerProcess(
            "rabbitmq",
            [str(program)],
            directory=self._directory,
            watchdog=place.watchdog,
            environment=self._environment(),
        )

    def start(self, answers: Callable[[], bool]) -> None:
        self._write_configuration()
        self._epmd.start()
        self._epmd.wait_until(self._epmd_listens, seconds=10)
        self._node.start()
        self._node.wait_until(answers, seconds=60)

    def stop(self, *, gently: bool) -> None:
        """A clean shutdown takes RabbitMQ six seconds."""
        if not gently:
            self.kill()
        self._node.stop(seconds=20)
        self._epmd.stop(seconds=2)

    def kill(self) -> None:
        """Erlang's virtual machine; the shell that started it then ends."""
        self._node.kill("beam")

    def freeze(self) -> None:
        self._node.freeze()

    def thaw(self) -> None:
        self._node.thaw()

    def _environment(self) -> dict[str, str]:
        """Nothing of an installed RabbitMQ's settings, and nothing of what the caller has set for another."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        folder = self._directory
        return inherited | {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "ai_platform@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_START_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
        }

    def _write_configuration(self) -> None:
        ports = {"amqp": self.port, "management": self.management_port, "prometheus": free_port()}
        (self._directory / "rabbitmq.conf").write_text(_CONFIGURATION.format(**ports))
        (self._directory / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")
        cookie = self._directory / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(secrets.token_hex(20))

    def _epmd_listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._epmd_port), timeout=1).close()
        except OSError:
            return False
        return True


def find_rabbitmq(place: Place) -> RabbitServer:
    """From the environment, from this machine, or from Docker; raises ServiceNotFound."""
    url = None if place.private else url_from_environment("RABBITMQ_URL")
    if url:
        beside = f"http://{urlsplit(url).hostname}:15672"
        management_url = url_from_environment("RABBITMQ_MANAGEMENT_URL") or beside
        return RabbitServer(Elsewhere("RabbitMQ"), url, management_url=management_url)
    trouble = "" if rabbitmq_program() else install_missing()
    program, epmd = rabbitmq_program(), epmd_program()
    if program and epmd:
        private = PrivateRabbit(program, epmd, place)
        return _as_guest(private, private.port, private.management_port)
    if docker_answers():
        port, management_port = free_port(), free_port()
        ports = {port: 5672, management_port: 15672}
        container = Container("rabbitmq:4-management", ports=ports, watchdog=place.watchdog)
        return _as_guest(container, port, management_port)
    raise not_found(
        name="RabbitMQ", variable="RABBITMQ_URL", package="rabbitmq-server", formula="rabbitmq", trouble=trouble
    )


def _as_guest(host: Host, port: int, management_port: int) -> RabbitServer:
    return RabbitServer(
        host, f"amqp://guest:guest@127.0.0.1:{port}/", management_url=f"http://127.0.0.1:{management_port}"
    )
