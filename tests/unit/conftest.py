"""Unit tests are about rules: they run without a service, and without a network to find one on."""

import socket
from collections.abc import Callable
from typing import Any, NoReturn

import pytest


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets within the machine's own files stay: asyncio wakes its loop through a pair of them.

    `pytest.fail` is no `Exception`, so that code which retries or reports a lost connection cannot hide it.
    """

    def only_unix(connect: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
        def checked(sock: socket.socket, address: Any) -> Any:
            if sock.family == socket.AF_UNIX:
                return connect(sock, address)
            return _refuse(address)

        return checked

    def no_lookup(host: object, *_: object, **__: object) -> NoReturn:
        _refuse(host)

    monkeypatch.setattr(socket.socket, "connect", only_unix(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", only_unix(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", no_lookup)


def _refuse(address: object) -> NoReturn:
    pytest.fail(f"a unit test wanted the network ({address}); pass a fake in, or move it to tests/integration")
