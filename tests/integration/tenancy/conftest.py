"""The gateway's application on a real PostgreSQL, called without a network."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import text

from ai_platform.commerce.wiring import Commerce
from ai_platform.llm.wiring import build_llm
from ai_platform.processes.commerce import commerce_of
from ai_platform.processes.foundation import Foundation, embedded
from ai_platform.processes.gateway import gateway_app
from ai_platform.processes.tenancy import tenancy_of
from ai_platform.runtime.db import Database
from ai_platform.runtime.keyring import new_secrets_key
from ai_platform.runtime.settings import Settings
from ai_platform.tenancy.wiring import Tenancy

PLATFORM_KEY = "aip_the_platform_key_of_these_tests_0123456789"
Platform = Callable[..., Awaitable["Installation"]]


@dataclass
class Installation:
    """One gateway; `http` sends the platform's key."""

    foundation: Foundation
    tenancy: Tenancy
    commerce: Commerce
    http: httpx.AsyncClient

    @property
    def database(self) -> Database:
        return self.foundation.database

    def caller(self, key: str | None = None, **headers: str) -> httpx.AsyncClient:
        """Somebody else; without a key, somebody unknown."""
        given = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(transport=self.http._transport, base_url=self.http.base_url, headers=given | headers)

    async def tenant(self, name: str = "Warung Bu Sri", **settings: Any) -> dict[str, Any]:
        answer = await self.http.post("/v1/crm/tenants", json={"name": name, **settings})
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    async def key(self, tenant_id: str, role: str = "agent") -> str:
        answer = await self.http.post(f"/v1/crm/tenants/{tenant_id}/api-keys", json={"name": role, "role": role})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["api_key"])

    async def rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        async with self.database.transaction(None) as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]


@pytest_asyncio.fixture
async def install(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    """Gateways with settings of their own on one database."""
    for name in ("AUTH_MODE", "SECRETS_KEY"):
        monkeypatch.delenv(name, raising=False)
    made: list[Installation] = []

    async def install(**settings: Any) -> Installation:
        given: Mapping[str, Any] = {
            "ai_platform_admin_key": SecretStr(PLATFORM_KEY),
            "secrets_key": SecretStr(new_secrets_key()),
            **settings,
        }
        foundation = embedded(Settings(_env_file=None).model_copy(update=dict(given)), database_url)
        llm = build_llm(database=foundation.database, environment={}, metrics=foundation.metrics)
        tenancy = tenancy_of(foundation)
        commerce = commerce_of(foundation, tenancy)
        app = gateway_app(foundation, llm, tenancy, commerce, draining=lambda: False)
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1234))
        headers = {"Authorization": f"Bearer {PLATFORM_KEY}"}
        made.append(
            Installation(
                foundation,
                tenancy,
                commerce,
                httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers),
            )
        )
        return made[-1]

    yield install
    for one in made:
        await one.http.aclose()
        await one.commerce.close()
        await one.foundation.close()


@pytest_asyncio.fixture
async def platform(install: Platform) -> Installation:
    return await install()
