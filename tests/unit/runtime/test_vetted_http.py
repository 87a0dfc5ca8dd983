"""A name is resolved and vetted once, and the vetted address is called by the URL's own name."""

import ipaddress
from collections.abc import Sequence

import httpx
import pytest

from ai_platform.runtime.callback_urls import Address
from ai_platform.runtime.vetted_http import NameNotResolved, TargetRefused, VettedTransport

PUBLIC, PUBLIC_TOO, PRIVATE = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "10.0.0.1"


class Network:
    """What is sent where; the addresses in `dead` take no connection."""

    def __init__(self, *dead: str) -> None:
        self.requests: list[httpx.Request] = []
        self._dead = dead

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host in self._dead:
            raise httpx.ConnectError("refused")
        return httpx.Response(200)


class Names:
    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Sequence[Address]:
        self.asked.append(name)
        if not self._addresses:
            raise OSError("no such name")
        return [ipaddress.ip_address(one) for one in self._addresses]


async def post(url: str, names: Names, network: Network, *, allow_private: bool = False) -> httpx.Response:
    transport = VettedTransport(names, allow_private=allow_private, inner=httpx.MockTransport(network))
    async with httpx.AsyncClient(transport=transport) as http:
        return await http.post(url, content=b"{}")


async def test_the_address_is_called_by_the_urls_name() -> None:
    network = Network()
    await post("https://hooks.example:8443/a?b=c", Names(PUBLIC), network)
    (request,) = network.requests
    assert str(request.url) == f"https://{PUBLIC}:8443/a?b=c"
    assert request.headers["host"] == "hooks.example:8443"
    assert request.extensions["sni_hostname"] == "hooks.example"


async def test_an_address_in_the_url_is_asked_of_nobody() -> None:
    names, network = Names(), Network()
    await post(f"https://[{PUBLIC_TOO}]/", names, network)
    assert (names.asked, network.requests[0].url.host) == ([], PUBLIC_TOO)


@pytest.mark.parametrize("addresses", [(PRIVATE,), (PUBLIC, PRIVATE), (PRIVATE, PUBLIC)])
async def test_one_private_address_refuses_the_name(addresses: tuple[str, ...]) -> None:
    network = Network()
    with pytest.raises(TargetRefused):
        await post("https://hooks.example/", Names(*addresses), network)
    assert network.requests == []


@pytest.mark.parametrize("url", ["https://10.0.0.1/", "https://[::ffff:10.0.0.1]/", "http://0xa000001/"])
async def test_a_private_address_in_the_url_is_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        await post(url, Names(PUBLIC), Network())


async def test_an_operator_may_allow_private_addresses() -> None:
    answer = await post("https://hooks.example/", Names(PRIVATE), Network(), allow_private=True)
    assert answer.status_code == 200


async def test_the_next_address_is_tried_when_one_takes_no_connection() -> None:
    network = Network(PUBLIC)
    answer = await post("https://hooks.example/", Names(PUBLIC, PUBLIC_TOO), network)
    assert (answer.status_code, [one.url.host for one in network.requests]) == (200, [PUBLIC, PUBLIC_TOO])


async def test_no_address_that_takes_a_connection_is_an_error() -> None:
    with pytest.raises(httpx.ConnectError):
        await post("https://hooks.example/", Names(PUBLIC), Network(PUBLIC))


async def test_a_name_without_an_address_is_an_error_of_its_own() -> None:
    with pytest.raises(NameNotResolved):
        await post("https://hooks.example/", Names(), Network())
