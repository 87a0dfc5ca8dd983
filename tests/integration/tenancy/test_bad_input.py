"""What no tenant, key or member can be made of is refused in one sentence, and nothing of it is kept."""

import json
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import httpx
import pytest

from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.integration.tenancy.conftest import Installation

TENANTS = "/v1/crm/tenants"
AS_JSON = {"Content-Type": "application/json"}
A_MEMBER = {"email": "sri@example.com", "name": "Sri", "password": "correct horse battery"}
COUNTS = "SELECT (SELECT count(*) FROM tenants), (SELECT count(*) FROM api_keys), (SELECT count(*) FROM members)"

CREATIONS: dict[str, dict[str, Any]] = {
    TENANTS: {"name": "Warung"},
    f"{TENANTS}/{DEFAULT_TENANT}/api-keys": {"name": "till"},
    f"{TENANTS}/{DEFAULT_TENANT}/members": A_MEMBER,
}
BROKEN = {
    "JSON nested 100 000 levels deep": b'{"name": ' + b"[" * 100_000,
    "closed JSON nested 100 000 levels deep": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a number of 400 digits": b'{"name": ' + b"9" * 400 + b"}",
    "a number of 5 000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "a number beyond all numbers": b'{"name": 1e999}',
    "a lone surrogate": rb'{"name": "a\ud800"}',
    "NUL": rb'{"name": "a\u0000"}',
    "bytes that are no UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "a", "b": 1}'.encode("utf-16"),
    "a name of 300 characters": b'{"name": "' + b"x" * 300 + b'"}',
    "a blank name": '{"name": " \u2003"}'.encode(),
    "an unknown field": b'{"name": "a", "is_admin": true}',
    "nothing": b"",
    "null": b"null",
    "a list": b"[{}]",
}
BROKEN_CODES = ("validation_failed", "malformed_body")


@pytest.mark.parametrize("path", CREATIONS)
async def test_nothing_can_be_made_of_what_is_broken(platform: Installation, path: str) -> None:
    before = await platform.rows(COUNTS)
    for what, content in BROKEN.items():
        answer = await platform.http.post(path, content=content, headers=AS_JSON)
        told = answer.status_code, answer.headers["content-type"], answer.json()["code"] in BROKEN_CODES
        assert told == (422, "application/problem+json", True), f"{what}: {answer.text}"
        assert await platform.rows(COUNTS) == before, what


async def test_a_member_of_unspeakable_words_is_refused(platform: Installation) -> None:
    path = f"{TENANTS}/{DEFAULT_TENANT}/members"
    for field, value in product(("email", "password", "name"), ("a\x00b@example.com", "\ud800" * 12, "x" * 100_000)):
        body = json.dumps(A_MEMBER | {field: value}).encode()
        answer = await platform.http.post(path, content=body, headers=AS_JSON)
        assert answer.status_code == 422 or (field == "password" and "\x00" in value), f"{field}: {answer.text}"


async def test_nobody_signs_in_with_unspeakable_words(platform: Installation) -> None:
    for field, value in product(("email", "password"), ("a\x00b@example.com", "\ud800", "x" * 1001, "")):
        body = json.dumps({"email": "a@example.com", "password": "b", field: value}).encode()
        answer = await platform.http.post("/v1/auth/login", content=body, headers=AS_JSON)
        assert answer.status_code in (401, 422), f"{field} {value[:20]!r}: {answer.text}"


async def test_a_body_without_end_is_refused_where_it_passes_the_limit(platform: Installation) -> None:
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"name": "'
        while sent < 64:
            sent += 1
            yield b"x" * 1024 * 1024

    for path in CREATIONS:
        sent = 0
        answer = await platform.http.post(path, content=flood(), headers=AS_JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert sent < 10


async def test_a_body_of_another_type_is_refused(platform: Installation) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense", "application/"):
        answer = await platform.http.post(TENANTS, content=b'{"name": "a"}', headers={"Content-Type": kind})
        assert answer.status_code == 422, (kind, answer.text)


async def test_a_key_for_one_effect_is_named_once(platform: Installation) -> None:
    twice = [*platform.http.headers.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    request = httpx.Request("POST", f"http://localhost{TENANTS}", json={"name": "a"}, headers=twice)
    answer = await platform.http.send(request)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["header", "Idempotency-Key"])


async def test_versions_may_be_named_on_several_lines(platform: Installation) -> None:
    tenant = await platform.tenant()
    path = f"http://localhost{TENANTS}/{tenant['id']}"
    for lines, status in ((['"8"', '"9"'], 412), (['"8"', f'"{tenant["version"]}"'], 200)):
        headers = [*platform.http.headers.items(), *(("If-Match", line) for line in lines)]
        request = httpx.Request("PATCH", path, json={"agent_prompt": "Hello"}, headers=headers)
        assert (await platform.http.send(request)).status_code == status
