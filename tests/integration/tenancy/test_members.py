"""People: how they sign in, how long they stay, and what a page of another site cannot make them do."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.integration.tenancy.conftest import Installation
from tests.support import eventually

PASSWORD = "correct horse battery"
OWN_PAGE = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


async def a_member(platform: Installation, role: str = "owner", email: str = "Sri@Example.com") -> dict[str, Any]:
    """Of a tenant of its own; its `path` is where it is changed."""
    tenant = await platform.tenant()
    path = f"/v1/crm/tenants/{tenant['id']}/members"
    body = {"email": email, "name": "Sri", "role": role, "password": PASSWORD}
    made = await platform.http.post(path, json=body)
    assert made.status_code == 201, made.text
    return {**made.json(), "path": f"{path}/{made.json()['id']}", "tenant": tenant}


async def sign_in(browser: httpx.AsyncClient, email: str = "sri@example.com", password: str = PASSWORD) -> int:
    body = {"email": email, "password": password}
    return (await browser.post("/v1/auth/login", json=body, headers=OWN_PAGE)).status_code


async def test_who_signs_in_is_known_until_he_signs_out(platform: Installation) -> None:
    member = await a_member(platform)
    async with platform.caller() as browser:
        assert (await browser.get("/v1/auth/me")).status_code == 401
        assert await sign_in(browser, " SRI@example.COM ") == 200
        me = (await browser.get("/v1/auth/me")).json()
        assert (me["actor"], me["role"], me["tenant_id"]) == (
            f"member:{member['id']}",
            "owner",
            member["tenant"]["id"],
        )
        assert (me["member"]["email"], me["timezone"]) == ("sri@example.com", "Asia/Jakarta")
        assert (await browser.get("/v1/jobs")).status_code == 200
        assert (await browser.post("/v1/auth/logout", headers=OWN_PAGE)).status_code == 204
        assert (await browser.get("/v1/jobs")).status_code == 401


async def test_the_cookie_is_kept_from_scripts_and_other_sites_and_its_token_from_the_database(
    platform: Installation,
) -> None:
    await a_member(platform)
    async with platform.caller() as browser:
        body = {"email": "sri@example.com", "password": PASSWORD}
        answer = await browser.post("/v1/auth/login", json=body, headers={"X-Forwarded-Proto": "https"})
        cookie = answer.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=strict", "secure", "path=/"))
        token = cookie.partition("=")[2].partition(";")[0]
        assert PASSWORD not in answer.text
    assert token not in str(await platform.rows("SELECT * FROM member_sessions")).lower()
    assert PASSWORD not in str(await platform.rows("SELECT * FROM members"))


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("sri@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("sri@example.com", ""),
        ("\x00", "\x00"),
    ],
)
async def test_a_refused_sign_in_does_not_tell_why(platform: Installation, email: str, password: str) -> None:
    await a_member(platform)
    async with platform.caller() as browser:
        answer = await browser.post("/v1/auth/login", json={"email": email, "password": password})
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_refused")
    assert answer.json()["detail"] == "The e-mail address or the password is not right."


async def test_who_guesses_has_to_wait_and_others_do_not(platform: Installation) -> None:
    await a_member(platform)
    async with platform.caller() as browser:
        answers = [await sign_in(browser, password="guess") for _ in range(7)]
        assert answers == [401] * 5 + [429] * 2
        assert await sign_in(browser) == 429
        assert await sign_in(browser, "other@example.com") == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_another_sites_page_changes_nothing_with_a_members_cookie(
    platform: Installation, headers: dict[str, str]
) -> None:
    await a_member(platform)
    async with platform.caller() as browser:
        assert await sign_in(browser) == 200
        for path in ("/v1/jobs", "/v1/auth/logout"):
            answer = await browser.post(path, json={"prompt": "Hello"}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        assert (await browser.post("/v1/jobs", json={"prompt": "Hello"}, headers=OWN_PAGE)).status_code == 202


@pytest.mark.parametrize("change", [{"password": "another long one"}, {"role": "agent"}, {"is_active": False}])
async def test_whoever_is_changed_signs_in_again(platform: Installation, change: dict[str, Any]) -> None:
    member = await a_member(platform)
    async with platform.caller() as browser:
        assert await sign_in(browser) == 200
        assert (await platform.http.patch(member["path"], json=change)).status_code == 200

        async def is_out() -> bool:
            return (await browser.get("/v1/jobs")).status_code == 401

        await eventually(is_out, within=2)
        expected = {"password": 401, "role": 200, "is_active": 401}[next(iter(change))]
        assert await sign_in(browser) == expected


async def test_a_removed_member_is_out(platform: Installation) -> None:
    member = await a_member(platform)
    async with platform.caller() as browser, platform.caller(member["tenant"]["api_key"]) as owner:
        assert await sign_in(browser) == 200
        assert (await owner.delete(member["path"])).status_code == 204
        assert (await owner.delete(member["path"])).status_code == 404
        assert await platform.rows("SELECT * FROM member_sessions") == []
        assert await sign_in(browser) == 401


async def test_the_staff_of_a_deactivated_tenant_cannot_sign_in(platform: Installation) -> None:
    member = await a_member(platform)
    await platform.http.delete(f"/v1/crm/tenants/{member['tenant']['id']}")
    async with platform.caller() as browser:
        assert await sign_in(browser) == 401


@pytest.mark.parametrize("setting", ["session_idle_hours", "session_max_hours"])
async def test_a_session_that_is_too_old_or_idle_is_over(install: Any, setting: str) -> None:
    platform: Installation = await install(**{setting: timedelta(milliseconds=1) / timedelta(hours=1)})
    await a_member(platform)
    async with platform.caller() as browser:
        assert await sign_in(browser) == 200
        token = browser.cookies.get("ai_platform_session")
        assert (await browser.get("/v1/jobs", headers={"Cookie": f"ai_platform_session={token}"})).status_code == 401
    for one in platform.tenancy.housekeeping:
        await one._work()
    assert await platform.rows("SELECT * FROM member_sessions") == []


async def test_an_address_is_one_members(platform: Installation) -> None:
    member = await a_member(platform)
    body = {"email": "sri@EXAMPLE.com", "name": "Other", "password": PASSWORD}
    answer = await platform.http.post(member["path"].rpartition("/")[0], json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
