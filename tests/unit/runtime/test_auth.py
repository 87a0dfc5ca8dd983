"""Who is let in: by a key always, without one only to a machine's own user on that machine."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from ai_platform.kernel.errors import NotAllowed, NotFound
from ai_platform.kernel.principal import DEFAULT_TENANT, Principal, Role
from ai_platform.runtime.auth import Door, Knock, is_loopback

KEY = "aip_0123456789abcdefghij"


OWNERS_KEY = "aip_owner"
TOKEN = "the-token-of-a-session"
OTHER_TENANT = UUID("00000000-0000-7000-8000-00000000000a")
OWNER = Principal("the-key-of-the-owner", Role.OWNER, OTHER_TENANT)
MEMBER = Principal("member:1", Role.AGENT, OTHER_TENANT)


class KnownCredentials:
    """One owner's key, one member's session, and two tenants."""

    async def of_key(self, key: str) -> Principal | None:
        return OWNER if key == OWNERS_KEY else None

    async def of_session(self, token: str) -> Principal | None:
        return MEMBER if token == TOKEN else None

    async def has_tenant(self, tenant_id: UUID) -> bool:
        return tenant_id in (DEFAULT_TENANT, OTHER_TENANT)


def an_open_door(key: str | None = KEY) -> Door:
    return Door(mode="open", platform_key=key, credentials=KnownCredentials())


def a_closed_door(key: str | None = KEY) -> Door:
    return Door(mode="required", platform_key=key, credentials=KnownCredentials())


def a_knock(
    headers: Mapping[str, str] | None = None,
    *,
    scheme: str = "http",
    server_host: str = "127.0.0.1",
    method: str = "GET",
) -> Knock:
    return Knock({"host": "localhost:8000", **(headers or {})}, scheme, server_host, method)


async def refusal(door: Door, knock: Knock) -> tuple[str, bool]:
    """The code, and whether we know who asks (403) or not (401)."""
    with pytest.raises(NotAllowed) as refused:
        await door.enter(knock)
    return refused.value.stable_code, refused.value.known


async def test_the_platform_key_opens_both_doors() -> None:
    for door in (an_open_door(), a_closed_door()):
        principal = await door.enter(a_knock({"authorization": f"Bearer {KEY}"}, server_host="10.0.0.1"))
        assert (principal.actor, principal.role, principal.tenant_id) == (
            "platform-key",
            Role.PLATFORM,
            DEFAULT_TENANT,
        )


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_word_bearer_may_be_written_in_any_case(scheme: str) -> None:
    assert (await a_closed_door().enter(a_knock({"authorization": f"{scheme} {KEY}"}))).role is Role.PLATFORM


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer wrong",
        f"Basic {KEY}",
        KEY,
        "Bearer",
        "Bearer ",
        "",
        f"Bearer {KEY}x",
        f"Bearer {KEY.upper()}",
        "Bearer \xff",
    ],
)
async def test_a_wrong_key_is_unknown_at_both_doors(authorization: str) -> None:
    for door in (an_open_door(), a_closed_door()):
        assert await refusal(door, a_knock({"authorization": authorization})) == ("key_invalid", False)


@pytest.mark.parametrize("configured", [None, ""])
@pytest.mark.parametrize("shown", ["Bearer ", "Bearer", "Bearer None", f"Bearer {KEY}"])
async def test_without_a_configured_key_no_key_is_right(configured: str | None, shown: str) -> None:
    for door in (an_open_door(configured), a_closed_door(configured)):
        assert await refusal(door, a_knock({"authorization": shown})) == ("key_invalid", False)


async def test_without_a_key_the_closed_door_stays_closed() -> None:
    assert await refusal(a_closed_door(), a_knock()) == ("key_missing", False)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST:8000", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000"]
)
@pytest.mark.parametrize("server_host", ["127.0.0.1", "::1", "localhost"])
async def test_the_open_door_lets_the_machines_own_user_in(host: str, server_host: str) -> None:
    principal = await an_open_door().enter(a_knock({"host": host}, server_host=server_host))
    assert (principal.actor, principal.role, principal.tenant_id) == ("anonymous", Role.PLATFORM, DEFAULT_TENANT)


@pytest.mark.parametrize("server_host", ["0.0.0.0", "10.0.0.1", "192.168.1.5", "::", "fe80::1", "", "example.com"])
async def test_the_open_door_is_open_on_loopback_only(server_host: str) -> None:
    assert await refusal(an_open_door(), a_knock(server_host=server_host)) == ("key_missing", False)


@pytest.mark.parametrize("header", ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"])
async def test_the_open_door_lets_nobody_in_through_a_proxy(header: str) -> None:
    assert await refusal(an_open_door(), a_knock({header: "127.0.0.1"})) == ("key_missing", False)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "localhost.example.com:8000",
        "localhost@example.com",
        "127.0.0.1.nip.io",
        "10.0.0.1",
        "[fe80::1]",
        "[::1",
        "::1]:8000",
        "[not-an-address]",
        "",
        " ",
        "0.0.0.0",
        "localhosts",
        "2130706433x",
    ],
)
async def test_the_open_door_answers_to_loopback_names_only(host: str) -> None:
    assert await refusal(an_open_door(), a_knock({"host": host})) == ("host_not_allowed", True)


async def test_a_request_without_a_host_is_refused_at_the_open_door() -> None:
    assert await refusal(an_open_door(), Knock({}, "http", "127.0.0.1")) == ("host_not_allowed", True)


@pytest.mark.parametrize(
    ("host", "scheme", "origin"),
    [
        ("localhost:8000", "http", "http://localhost:8000"),
        ("localhost:8000", "http", "HTTP://LocalHost:8000"),
        ("[::1]:8000", "http", "http://[::1]:8000"),
        ("localhost", "https", "https://localhost"),
    ],
)
async def test_the_servers_own_page_may_call(host: str, scheme: str, origin: str) -> None:
    headers = {"host": host, "origin": origin, "sec-fetch-site": "same-origin"}
    assert (await an_open_door().enter(a_knock(headers, scheme=scheme))).role is Role.PLATFORM


@pytest.mark.parametrize(
    "origin",
    [
        "http://example.com",
        "http://localhost:3000",
        "https://localhost:8000",
        "http://127.0.0.1:8000",
        "http://localhost:8000.example.com",
        "null",
        "",
    ],
)
async def test_the_page_of_another_origin_may_not_call(origin: str) -> None:
    assert await refusal(an_open_door(), a_knock({"origin": origin})) == ("origin_not_allowed", True)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
async def test_a_browser_that_names_another_site_is_refused(site: str) -> None:
    assert await refusal(an_open_door(), a_knock({"sec-fetch-site": site})) == ("origin_not_allowed", True)


async def test_who_types_the_address_into_a_browser_is_let_in() -> None:
    assert (await an_open_door().enter(a_knock({"sec-fetch-site": "none"}))).role is Role.PLATFORM


async def test_a_right_key_is_let_in_from_anywhere_at_the_open_door() -> None:
    headers = {"authorization": f"Bearer {KEY}", "host": "example.com", "x-forwarded-for": "1.2.3.4"}
    assert (await an_open_door().enter(a_knock(headers, server_host="0.0.0.0"))).role is Role.PLATFORM


async def test_a_tenant_may_be_named_when_it_exists() -> None:
    for door in (an_open_door(), a_closed_door()):
        headers = {"authorization": f"Bearer {KEY}", "x-tenant-id": str(DEFAULT_TENANT).upper()}
        assert (await door.enter(a_knock(headers))).tenant_id == DEFAULT_TENANT


@pytest.mark.parametrize("tenant", ["00000000-0000-7000-8000-000000000002", "default", "", "\x00"])
async def test_an_unknown_tenant_is_not_found(tenant: str) -> None:
    with pytest.raises(NotFound) as refused:
        await an_open_door().enter(a_knock({"x-tenant-id": tenant}))
    assert refused.value.stable_code == "tenant_not_found"


async def test_a_stranger_learns_nothing_about_tenants() -> None:
    assert await refusal(a_closed_door(), a_knock({"x-tenant-id": "unknown"})) == ("key_missing", False)


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST.", "app.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_loopback_names_are_known(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize(
    "name", ["", "0.0.0.0", "::", "128.0.0.1", "localhost.com", "notlocalhost", "127.0.0.1.com", "127.1"]
)
def test_other_names_are_not_loopback(name: str) -> None:
    assert not is_loopback(name)
