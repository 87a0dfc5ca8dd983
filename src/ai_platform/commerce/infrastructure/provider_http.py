"""Calls to payment providers: one answer read whole, or one error that says whether the call may have arrived."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import httpx

from ai_platform.commerce.domain.payment_errors import ProviderUnavailable

TIMEOUT: Final = 10.0
"""Seconds for each step of a call. No transaction is open meanwhile, but a person may be waiting."""

Body = Mapping[str, Any]


class ProviderHttp:
    """JSON over HTTP to one provider. Numbers with decimals are read as Decimal: money is never a float."""

    def __init__(self, provider: str, client: httpx.AsyncClient, *, timeout: float = TIMEOUT) -> None:
        self.provider = provider
        self._timeout = timeout
        self._client = client

    async def call(
        self, method: str, url: str, *, key: str, body: Body | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """The status and the parsed body. Raises ProviderUnavailable for what may pass or cannot be read."""
        try:
            answer = await self._client.request(
                method,
                url,
                auth=httpx.BasicAuth(key, ""),
                headers={"Accept": "application/json", **(headers or {})},
                json=body,
                timeout=self._timeout,
            )
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise ProviderUnavailable(self.provider, type(error).__name__) from error
        if answer.status_code >= 500 or answer.status_code in (202, 408, 425, 429) or answer.is_redirect:
            raise ProviderUnavailable(self.provider, f"HTTP {answer.status_code}")
        try:
            return answer.status_code, json.loads(answer.content, parse_float=Decimal)
        except (ValueError, RecursionError):
            raise ProviderUnavailable(self.provider, "an answer that is no JSON") from None
