"""What a tenant's keys and members may come in for, and which tenant the platform acts for."""

import pytest

from ai_platform.kernel.errors import NotFound
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role
from ai_platform.runtime.auth import Knock
from tests.unit.runtime.test_auth import (
    KEY,
    MEMBER,
    OTHER_TENANT,
    OWNER,
    OWNERS_KEY,
    TOKEN,
    a_closed_door,
    a_knock,
    an_open_door,
    refusal,
)


async def test_a_tenants_key_opens_both_doors_for_its_own_tenant() -> None:
    for door in (an_open_door(), a_closed_door()):
        for named in ({}, {"x-tenant-id": str(OTHER_TENANT)}):
            assert await door.enter(a_knock({"authorization": f"Bearer {OWNERS_KEY}", **named})) == OWNER


@pytest.mark.parametrize("tenant", [str(DEFAULT_TENANT), "unknown", f"{{{OTHER_TENANT}}}", OTHER_TENANT.hex])
async def test_a_tenants_key_finds_no_other_tenant(tenant: str) -> None:
    with pytest.raises(NotFound) as refused:
        await a_closed_door().enter(a_knock({"authorization": f"Bearer {OWNERS_KEY}", "x-tenant-id": tenant}))
    assert refused.value.stable_code == "tenant_not_found"


async def test_the_platform_acts_for_any_tenant_there_is() -> None:
    headers = {"authorization": f"Bearer {KEY}", "x-tenant-id": str(OTHER_TENANT)}
    assert await a_closed_door().enter(a_knock(headers)) == Principal("platform-key", Role.PLATFORM, OTHER_TENANT)


async def test_a_member_comes_in_by_the_cookie_and_a_key_goes_before_it() -> None:
    cookie = {"cookie": f"theme=dark; ai_platform_session={TOKEN}"}
    for door in (an_open_door(), a_closed_door()):
        assert await door.enter(a_knock(cookie)) == MEMBER
        assert await door.enter(a_knock({**cookie, "authorization": f"Bearer {OWNERS_KEY}"})) == OWNER


async def test_a_cookie_of_yesterday_is_no_key() -> None:
    stale = a_knock({"cookie": "ai_platform_session=old"})
    assert await refusal(a_closed_door(), stale) == ("key_missing", False)
    assert (await an_open_door().enter(stale)).actor == "anonymous"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_cookie_changes_things_from_our_own_page_only(method: str) -> None:
    cookie = {"cookie": f"ai_platform_session={TOKEN}"}
    own = {**cookie, "origin": "https://localhost:8000"}
    assert await a_closed_door().enter(a_knock(own, method=method)) == MEMBER
    for headers in ({}, {"origin": "http://example.com"}, {"origin": "null"}):
        knock = a_knock({**cookie, **headers}, method=method)
        assert await refusal(a_closed_door(), knock) == ("origin_not_allowed", True)


async def test_a_header_said_twice_is_refused_before_anything_else() -> None:
    knock = Knock(
        {"host": "localhost", "authorization": f"Bearer {KEY}"}, "http", "127.0.0.1", "GET", frozenset({"host"})
    )
    assert await refusal(an_open_door(), knock) == ("header_repeated", False)
