"""Who may come in: platform keys, and open mode on loopback."""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from ai_platform.kernel.errors import NotAllowed, NotFound
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role

_PROXY_HEADERS: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Knock:
    """What a request shows at the door. Header names are lower case; `server_host` is the address it reached."""

    headers: Mapping[str, str]
    scheme: str
    server_host: str


class Door:
    """Decides who a request acts as, before anything else of it is read.

    Open mode lets a request without a key in as `platform` only when it reached a loopback address, names a
    loopback host, comes through no proxy, and was not sent by another site's page.
    """

    def __init__(self, *, mode: Literal["required", "open"], platform_key: str | None) -> None:
        self._open = mode == "open"
        self._key_hash = _hash(platform_key) if platform_key else None

    def enter(self, knock: Knock) -> Principal:
        """Raises NotAllowed, or NotFound for a tenant that is not there."""
        authorization = knock.headers.get("authorization")
        if authorization is not None:
            return self._by_key(authorization, knock)
        if not self._open:
            raise NotAllowed("Send your API key as `Authorization: Bearer <key>`.", code="key_missing", known=False)
        refuse_strangers(knock)
        return Principal("anonymous", Role.PLATFORM, _tenant(knock))

    def _by_key(self, authorization: str, knock: Knock) -> Principal:
        scheme, _, key = authorization.partition(" ")
        known = self._key_hash is not None and hmac.compare_digest(_hash(key.strip()), self._key_hash)
        if scheme.lower() != "bearer" or not known:
            raise NotAllowed("The API key is not valid.", code="key_invalid", known=False)
        return Principal("platform-key", Role.PLATFORM, _tenant(knock))


def refuse_strangers(knock: Knock) -> None:
    """Raises NotAllowed unless the request is from this machine, to this machine, by the machine's own user."""
    if not is_loopback(knock.server_host):
        raise NotAllowed("Open mode serves loopback only; send an API key.", code="key_missing", known=False)
    if any(name in knock.headers for name in _PROXY_HEADERS):
        raise NotAllowed("Open mode does not serve proxied requests; send an API key.", code="key_missing", known=False)
    host = knock.headers.get("host", "")
    if not is_loopback(_host_name(f"//{host}")):
        raise NotAllowed("Open mode serves loopback host names only.", code="host_not_allowed")
    origin = knock.headers.get("origin")
    if origin is not None and origin.lower() != f"{knock.scheme}://{host}".lower():
        raise NotAllowed("Open mode serves no page of another origin.", code="origin_not_allowed")
    if knock.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise NotAllowed("Open mode serves no page of another site.", code="origin_not_allowed")


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """`localhost`, names below it, and loopback addresses."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _host_name(authority: str) -> str:
    try:
        return urlsplit(authority).hostname or ""
    except ValueError:
        return ""


def _tenant(knock: Knock) -> UUID:
    named = knock.headers.get("x-tenant-id")
    if named is not None and named.lower() != str(DEFAULT_TENANT):
        raise NotFound("There is no such tenant.", code="tenant_not_found")
    return DEFAULT_TENANT


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
