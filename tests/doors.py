"""Applications made of a few routers, behind a door that knows one operator and one owner."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, FastAPI

from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role
from ai_platform.runtime.auth import Door
from ai_platform.runtime.http import build_app
from ai_platform.runtime.rate_limits import LocalBuckets, Rate, RateLimits
from ai_platform.runtime.telemetry import Metrics

OPERATORS_KEY = "aip_the_operators_key_of_these_tests_0123456789"
OWNERS_KEY = "aip_the_owners_key_of_these_tests_0123456789"


class OneOwner:
    """Implements `auth.Credentials`: the owner of the default tenant, who has no session."""

    async def of_key(self, key: str) -> Principal | None:
        return Principal("owner", Role.OWNER, DEFAULT_TENANT) if key == OWNERS_KEY else None

    async def of_session(self, token: str) -> Principal | None:  # noqa: ARG002 - the port's shape
        return None

    async def has_tenant(self, tenant_id: UUID) -> bool:
        return tenant_id == DEFAULT_TENANT


def app_of(routers: Sequence[APIRouter]) -> FastAPI:
    """With the edge that every request passes, and a rate that no test reaches."""
    return build_app(
        version="1",
        routers=routers,
        door=Door(mode="required", platform_key=OPERATORS_KEY, credentials=OneOwner()),
        limits=RateLimits(LocalBuckets(), Rate(per_second=10_000, burst=100_000)),
        metrics=Metrics(),
    )
