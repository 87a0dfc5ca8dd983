"""HTTP to addresses that strangers chose: the name is resolved and vetted once, and that address is called.

Resolving again in order to connect would let the name's owner answer differently the second time (DNS
rebinding). `Host` and the TLS server name stay those of the URL, so certificates are checked as ever.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx

from ai_platform.runtime.callback_urls import Address, CallbackRefused, host_of, is_public, literal_address
from ai_platform.runtime.trust import trusted_certificates

_TRIED_AT_MOST: Final = 4
_LOOK_UPS_AT_ONCE: Final = 20

Resolve = Callable[[str], Awaitable[Sequence[Address]]]
"""All addresses of a name. Raises OSError when it has none."""


class NameNotResolved(httpx.ConnectError):
    """The name has no address now."""


class TargetRefused(httpx.ConnectError):
    """The name has an address that is not globally routable."""


class Resolver:
    """The system's resolver on threads of its own: the event loop's few are soon all waiting for one slow name."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOK_UPS_AT_ONCE, thread_name_prefix="webhook-dns")

    async def __call__(self, name: str) -> list[Address]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        )
        return list(dict.fromkeys(ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class VettedTransport(httpx.AsyncBaseTransport):
    """Connects to an address that was vetted, and keeps no connection: one address may serve many names."""

    def __init__(self, resolve: Resolve, *, allow_private: bool, inner: httpx.AsyncBaseTransport | None = None) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._inner = inner or httpx.AsyncHTTPTransport(
            verify=trusted_certificates(),
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises TargetRefused, NameNotResolved, and whatever a connection raises when no address takes it."""
        host = _named_host(request.url)
        addresses = await self._vetted(host)
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_request_to(address, host, request))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_request_to(addresses[-1], host, request))

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _vetted(self, host: str) -> Sequence[Address]:
        literal = literal_address(host)
        try:
            addresses = [literal] if literal is not None else await self._resolve(host)
        except (OSError, UnicodeError) as error:
            raise NameNotResolved("the name cannot be resolved") from error
        if not addresses:
            raise NameNotResolved("the name has no address")
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise TargetRefused("the name has a private address")
        return addresses[:_TRIED_AT_MOST]


def _named_host(url: httpx.URL) -> str:
    try:
        return host_of(url)
    except CallbackRefused as error:
        raise TargetRefused(str(error)) from error


def _request_to(address: Address, host: str, request: httpx.Request) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host.rstrip(".")},
    )
