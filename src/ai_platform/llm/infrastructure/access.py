"""What a vendor's client is made from, besides the configuration. Imports a vendor's HTTP library: load it late."""

from dataclasses import dataclass, field
from typing import Final

import httpx2
from pydantic import SecretStr

from ai_platform.runtime.trust import trusted_certificates

_IDLE_CONNECTIONS: Final = 100
_IDLE_SECONDS: Final = 30.0


class Wire:
    """The connections that all configs of one process share.

    The number of calls at once is the worker's to decide, so the pool sets no limit of its own: a call that
    waits for a connection would fail as a timeout. Idle connections are limited, because the pool looks at each
    of them for every call (measured: 500 idle ones cost 1 000 calls at once half as much again as 100).

    A provider that points elsewhere is not followed: key and prompt are for the address that was configured.
    """

    def __init__(self) -> None:
        trust = trusted_certificates()
        limits = httpx2.Limits(
            max_connections=None, max_keepalive_connections=_IDLE_CONNECTIONS, keepalive_expiry=_IDLE_SECONDS
        )
        self.calls = httpx2.AsyncClient(verify=trust, limits=limits, follow_redirects=False)
        # Nobody makes blocking calls, but ChatOpenAI builds a client for them, certificates and all, unless given one.
        self.blocking = httpx2.Client(verify=trust)

    async def close(self) -> None:
        self.blocking.close()
        await self.calls.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach and enter a provider; `timeout` in seconds, `temperature` None where the model takes none."""

    api_key: SecretStr | None
    base_url: str | None
    timeout: float
    temperature: float | None
    wire: Wire = field(repr=False)
