"""Where a webhook may go: the address as it is written, and each address that its name resolves to.

A server that calls any URL it is given lends strangers its place in the network (SSRF, OWASP A10:2021), so
only globally routable addresses are called unless an operator allows more.
"""

import ipaddress
import re
import socket
from typing import Final

import httpx

from ai_platform.kernel.errors import InvalidInput, Violation

URL_LENGTH: Final = 2048

_UNSPEAKABLE: Final = re.compile(r"[\s\\\x00-\x1f\x7f\ud800-\udfff]")
_NAME: Final = re.compile(r"(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?")
_ENDS_IN_A_NUMBER: Final = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_PROTOCOLS: Final = ipaddress.ip_network("192.0.0.0/24")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class CallbackRefused(InvalidInput, ValueError):
    """A ValueError too, so that a Pydantic field names it like any other wrong field."""

    code = "callback_url_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"callback_url {reason}.",
            violations=(Violation(("callback_url",), reason, "callback_url_refused"),),
        )
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


def check_target(url: str, *, allow_private: bool) -> str:
    """The URL again when a webhook may go there as far as its words tell. Raises CallbackRefused; asks no DNS."""
    if len(url) > URL_LENGTH:
        raise CallbackRefused(f"must have at most {URL_LENGTH} characters")
    parsed = _parsed(url)
    if parsed.scheme not in ("http", "https") or "://" not in url:
        raise CallbackRefused("must be an http or https URL")
    if parsed.userinfo or "@" in url.partition("//")[2].partition("/")[0]:
        raise CallbackRefused("must not carry credentials")
    if "#" in url:
        raise CallbackRefused("must not have a fragment")
    host = host_of(parsed)
    if not allow_private and _is_this_machine(host):
        raise CallbackRefused("must not point to a private or loopback address")
    address = literal_address(host)
    if address is not None and not allow_private and not is_public(address):
        raise CallbackRefused("must not point to a private or loopback address")
    return url


def _parsed(url: str) -> httpx.URL:
    if not url or _UNSPEAKABLE.search(url):
        raise CallbackRefused("is not a URL")
    try:
        return httpx.URL(url)
    except httpx.InvalidURL:
        raise CallbackRefused("is not a URL") from None


def host_of(url: httpx.URL) -> str:
    """The host in its ASCII form, lower case, an IPv6 address without brackets. Raises CallbackRefused."""
    host = url.raw_host.decode("ascii").lower().strip("[]")
    port = 80 if url.port is None else url.port
    if "%" in host or not (":" in host or _NAME.fullmatch(host)) or not 0 < port < 65_536:
        raise CallbackRefused("must name a host")
    return host


def literal_address(host: str) -> Address | None:
    """The address that the host spells: dotted, decimal, octal or hexadecimal; None when it is a name."""
    try:
        if ":" in host:
            return ipaddress.IPv6Address(host)
        if not _ENDS_IN_A_NUMBER.search(host):
            return None
        return ipaddress.IPv4Address(socket.inet_aton(host.removesuffix(".")))
    except (OSError, ValueError):  # no top-level domain is a number, so it is a misspelt address
        raise CallbackRefused("must name a host") from None


def is_public(address: Address) -> bool:
    """Globally routable, whatever it is wrapped in (IPv4-mapped, 6to4, Teredo, NAT64)."""
    inner = _wrapped_in(address)
    if inner is not None:
        return is_public(inner)
    if address in _PROTOCOLS or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local):
        return False  # the standard library takes most of these for global
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _wrapped_in(address: Address) -> Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def _is_this_machine(host: str) -> bool:
    name = host.rstrip(".")
    return name == "localhost" or name.endswith(".localhost")
