"""Who is let in: by a key always, without one only to a machine's own user on that machine."""

from collections.abc import Mapping

import pytest

from ai_platform.kernel.errors import NotAllowed, NotFound
from ai_platform.kernel.principal import DEFAULT_TENANT, Role
from ai_platform.runtime.auth import Door, Knock, is_loopback

KEY = "aip_0123456789abcdefghij"


def an_open_door(key: str | None = KEY) -> Door:
    return Door(mode="open", platform_key=key)


def a_closed_door(key: str | None = KEY) -> Door:
    return Door(mode="required", platform_key=key)


def a_knock(headers: Mapping[str, str] | None = None, *, scheme: str = "http", server_host: str = "127.0.0.1") -> Knock:
    return Knock({"host": "localhost:8000", **(headers or {})}, scheme, server_host)


def refusal(door: Door, knock: Knock) -> tuple[str, bool]:
    """The code, and whether we know who asks (403) or not (401)."""
    with pytest.raises(NotAllowed) as refused:
        door.enter(knock)
    return refused.value.stable_code, refused.value.known


def test_the_platform_key_opens_both_doors() -> None:
    for door in (an_open_door(), a_closed_door()):
        principal = door.enter(a_knock({"authorization": f"Bearer {KEY}"}, server_host="10.0.0.1"))
        assert (principal.actor, principal.role, principal.tenant_id) == (
            "platform-key",
            Role.PLATFORM,
            DEFAULT_TENANT,
        )


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_word_bearer_may_be_written_in_any_case(scheme: str) -> None:
    assert a_closed_door().enter(a_knock({"authorization": f"{scheme} {KEY}"})).role is Role.PLATFORM


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
def test_a_wrong_key_is_unknown_at_both_doors(authorization: str) -> None:
    for door in (an_open_door(), a_closed_door()):
        assert refusal(door, a_knock({"authorization": authorization})) == ("key_invalid", False)


@pytest.mark.parametrize("configured", [None, ""])
@pytest.mark.parametrize("shown", ["Bearer ", "Bearer", "Bearer None", f"Bearer {KEY}"])
def test_without_a_configured_key_no_key_is_right(configured: str | None, shown: str) -> None:
    for door in (an_open_door(configured), a_closed_door(configured)):
        assert refusal(door, a_knock({"authorization": shown})) == ("key_invalid", False)


def test_without_a_key_the_closed_door_stays_closed() -> None:
    assert refusal(a_closed_door(), a_knock()) == ("key_missing", False)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST:8000", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000"]
)
@pytest.mark.parametrize("server_host", ["127.0.0.1", "::1", "localhost"])
def test_the_open_door_lets_the_machines_own_user_in(host: str, server_host: str) -> None:
    principal = an_open_door().enter(a_knock({"host": host}, server_host=server_host))
    assert (principal.actor, principal.role, principal.tenant_id) == ("anonymous", Role.PLATFORM, DEFAULT_TENANT)


@pytest.mark.parametrize("server_host", ["0.0.0.0", "10.0.0.1", "192.168.1.5", "::", "fe80::1", "", "example.com"])
def test_the_open_door_is_open_on_loopback_only(server_host: str) -> None:
    assert refusal(an_open_door(), a_knock(server_host=server_host)) == ("key_missing", False)


@pytest.mark.parametrize("header", ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"])
def test_the_open_door_lets_nobody_in_through_a_proxy(header: str) -> None:
    assert refusal(an_open_door(), a_knock({header: "127.0.0.1"})) == ("key_missing", False)


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
def test_the_open_door_answers_to_loopback_names_only(host: str) -> None:
    assert refusal(an_open_door(), a_knock({"host": host})) == ("host_not_allowed", True)


def test_a_request_without_a_host_is_refused_at_the_open_door() -> None:
    assert refusal(an_open_door(), Knock({}, "http", "127.0.0.1")) == ("host_not_allowed", True)


@pytest.mark.parametrize(
    ("host", "scheme", "origin"),
    [
        ("localhost:8000", "http", "http://localhost:8000"),
        ("localhost:8000", "http", "HTTP://LocalHost:8000"),
        ("[::1]:8000", "http", "http://[::1]:8000"),
        ("localhost", "https", "https://localhost"),
    ],
)
def test_the_servers_own_page_may_call(host: str, scheme: str, origin: str) -> None:
    headers = {"host": host, "origin": origin, "sec-fetch-site": "same-origin"}
    assert an_open_door().enter(a_knock(headers, scheme=scheme)).role is Role.PLATFORM


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
def test_the_page_of_another_origin_may_not_call(origin: str) -> None:
    assert refusal(an_open_door(), a_knock({"origin": origin})) == ("origin_not_allowed", True)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_a_browser_that_names_another_site_is_refused(site: str) -> None:
    assert refusal(an_open_door(), a_knock({"sec-fetch-site": site})) == ("origin_not_allowed", True)


def test_who_types_the_address_into_a_browser_is_let_in() -> None:
    assert an_open_door().enter(a_knock({"sec-fetch-site": "none"})).role is Role.PLATFORM


def test_a_right_key_is_let_in_from_anywhere_at_the_open_door() -> None:
    headers = {"authorization": f"Bearer {KEY}", "host": "example.com", "x-forwarded-for": "1.2.3.4"}
    assert an_open_door().enter(a_knock(headers, server_host="0.0.0.0")).role is Role.PLATFORM


def test_a_tenant_may_be_named_when_it_exists() -> None:
    for door in (an_open_door(), a_closed_door()):
        headers = {"authorization": f"Bearer {KEY}", "x-tenant-id": str(DEFAULT_TENANT).upper()}
        assert door.enter(a_knock(headers)).tenant_id == DEFAULT_TENANT


@pytest.mark.parametrize("tenant", ["00000000-0000-7000-8000-000000000002", "default", "", "\x00"])
def test_an_unknown_tenant_is_not_found(tenant: str) -> None:
    with pytest.raises(NotFound) as refused:
        an_open_door().enter(a_knock({"x-tenant-id": tenant}))
    assert refused.value.stable_code == "tenant_not_found"


def test_a_stranger_learns_nothing_about_tenants() -> None:
    assert refusal(a_closed_door(), a_knock({"x-tenant-id": "unknown"})) == ("key_missing", False)


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST.", "app.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_loopback_names_are_known(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize(
    "name", ["", "0.0.0.0", "::", "128.0.0.1", "localhost.com", "notlocalhost", "127.0.0.1.com", "127.1"]
)
def test_other_names_are_not_loopback(name: str) -> None:
    assert not is_loopback(name)
