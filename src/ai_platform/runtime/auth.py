"""Who may come in: by a key, by a session of the console, and in open mode on loopback."""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from ai_platform.kernel.errors import NotAllowed, NotFound
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role

SESSION_COOKIE: Final = "ai_platform_session"
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
SINGULAR: Final = frozenset({"authorization", "host", "x-tenant-id", "origin"})
"""Headers that mean who asks or whom: said twice, two readers could understand two things."""

_PROXY_HEADERS: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Knock:
    """What a request shows at the door. Header names are lower case; `server_host` is the address it reached.

    `repeated` are those headers of `SINGULAR` that it shows more than once.
    """

    headers: Mapping[str, str]
    scheme: str
    server_host: str
    method: str = "GET"
    repeated: frozenset[str] = frozenset()

    @property
    def session(self) -> str | None:
        """The token of the console's cookie."""
        for pair in self.headers.get("cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == SESSION_COOKIE:
                return value
        return None


class Credentials(Protocol):
    """What is known of keys, sessions and tenants. Every method raises Unavailable when nobody can tell."""

    async def of_key(self, key: str) -> Principal | None:
        """Whom a key acts as; None for one that is mistyped, unknown, revoked, or of a tenant that is not active."""

    async def of_session(self, token: str) -> Principal | None: ...

    async def has_tenant(self, tenant_id: UUID) -> bool: ...


class Door:
    """Decides who a request acts as, before anything else of it is read.

    Open mode lets a request without a key in as `platform` only when it reached a loopback address, names a
    loopback host, comes through no proxy, and was not sent by another site's page.
    """

    def __init__(
        self, *, mode: Literal["required", "open"], platform_key: str | None, credentials: Credentials
    ) -> None:
        self._open = mode == "open"
        self._key_hash = _hash(platform_key) if platform_key else None
        self._credentials = credentials

    async def enter(self, knock: Knock) -> Principal:
        """Raises NotAllowed, NotFound for a tenant that is not there, Unavailable when keys cannot be looked up."""
        if knock.repeated:
            names = ", ".join(sorted(knock.repeated))
            raise NotAllowed(f"Send each of these headers once: {names}.", code="header_repeated", known=False)
        return await self._for_tenant(await self._recognise(knock), knock)

    async def _recognise(self, knock: Knock) -> Principal:
        authorization = knock.headers.get("authorization")
        if authorization is not None:
            return await self._by_key(authorization)
        token = knock.session
        member = await self._credentials.of_session(token) if token else None
        if member is not None:
            if knock.method not in READING:
                refuse_other_origins(knock)
            return member
        if not self._open:
            raise NotAllowed("Send your API key as `Authorization: Bearer <key>`.", code="key_missing", known=False)
        refuse_strangers(knock)
        return Principal("anonymous", Role.PLATFORM, DEFAULT_TENANT)

    async def _by_key(self, authorization: str) -> Principal:
        scheme, _, shown = authorization.partition(" ")
        key = shown.strip()
        if scheme.lower() == "bearer" and key:
            if self._key_hash is not None and hmac.compare_digest(_hash(key), self._key_hash):
                return Principal("platform-key", Role.PLATFORM, DEFAULT_TENANT)
            known = await self._credentials.of_key(key)
            if known is not None:
                return known
        raise NotAllowed("The API key is not valid.", code="key_invalid", known=False)

    async def _for_tenant(self, caller: Principal, knock: Knock) -> Principal:
        """The platform acts for whichever tenant it names; everybody else for his own, named or not."""
        named = knock.headers.get("x-tenant-id")
        if named is None or named.lower() == str(caller.tenant_id):
            return caller
        wanted = _uuid(named)
        if wanted is None or caller.role is not Role.PLATFORM or not await self._credentials.has_tenant(wanted):
            raise NotFound("There is no such tenant.", code="tenant_not_found")
        return replace(caller, tenant_id=wanted)


def refuse_other_origins(knock: Knock) -> None:
    """A browser sends a cookie along whoever asks it to: what changes something must come from our own page."""
    origin = knock.headers.get("origin")
    same_host = origin is not None and origin.lower().partition("://")[2] == knock.headers.get("host", "").lower()
    if not same_host or knock.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise NotAllowed("A session is served to the console's own pages only.", code="origin_not_allowed")


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


def _uuid(words: str) -> UUID | None:
    """Only as it is usually written: `UUID` itself takes braces, URNs and dashes anywhere."""
    try:
        found = UUID(words)
    except ValueError:
        return None
    return found if str(found) == words.lower() else None


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
