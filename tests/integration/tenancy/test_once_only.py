"""A creation that is asked for twice is done once: also at once, after a crash, and without telling the database."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.keyring import new_secrets_key
from tests.integration.tenancy.conftest import Installation, Platform
from tests.support import eventually

TENANTS = "/v1/crm/tenants"
KEYS = f"{TENANTS}/{DEFAULT_TENANT}/api-keys"
MEMBERS = f"{TENANTS}/{DEFAULT_TENANT}/members"
PASSWORD = "correct horse battery"

CREATIONS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a tenant": (TENANTS, {"name": "Warung"}, "SELECT count(*) FROM tenants WHERE name = 'Warung'"),
    "a key": (KEYS, {"name": "till"}, "SELECT count(*) FROM api_keys"),
    "a member": (
        MEMBERS,
        {"email": "sri@example.com", "name": "Sri", "password": PASSWORD},
        "SELECT count(*) FROM members",
    ),
}


async def post(caller: httpx.AsyncClient, path: str, body: Any, key: str = "k1") -> httpx.Response:
    return await caller.post(path, json=body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("what", CREATIONS)
async def test_a_repeat_is_told_what_the_first_was_told_and_makes_nothing(platform: Installation, what: str) -> None:
    path, body, count = CREATIONS[what]
    first, again = await post(platform.http, path, body), await post(platform.http, path, body)
    assert (first.status_code, again.status_code) == (201, 201), again.text
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    for name in ("etag", "location"):
        assert first.headers.get(name) == again.headers.get(name)
    assert await platform.rows(count) == [(1,)]


@pytest.mark.parametrize("what", CREATIONS)
async def test_another_body_under_the_same_key_is_refused(platform: Installation, what: str) -> None:
    path, body, count = CREATIONS[what]
    await post(platform.http, path, body)
    other = await post(platform.http, path, body | {"name": "other"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await platform.rows(count) == [(1,)]


@pytest.mark.parametrize("what", CREATIONS)
async def test_fifty_at_once_make_one(platform: Installation, what: str) -> None:
    path, body, count = CREATIONS[what]
    answers = await asyncio.gather(*(post(platform.http, path, body) for _ in range(50)))
    statuses = Counter(one.status_code for one in answers)
    assert set(statuses) <= {201, 409}, [one.text for one in answers if one.status_code not in (201, 409)]
    assert {one.json()["code"] for one in answers if one.status_code == 409} <= {"idempotency_in_progress"}
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    assert await platform.rows(count) == [(1,)]


async def test_while_the_first_is_under_way_the_second_is_told_to_come_again(platform: Installation) -> None:
    """The first waits for a lock that this test holds, with its key in hand."""
    path, body, count = CREATIONS["a tenant"]
    async with platform.database.transaction(None) as connection:
        await connection.exec_driver_sql("LOCK TABLE api_keys IN SHARE MODE")
        first = asyncio.create_task(post(platform.http, path, body))
        await eventually(lambda: platform.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"))
        second = await post(platform.http, path, body)
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_progress")
    assert (await first).status_code == 201
    assert (await post(platform.http, path, body)).content == (await first).content
    assert await platform.rows(count) == [(1,)]


async def test_what_died_before_its_commit_left_nothing_and_may_be_asked_for_again(
    platform: Installation, database_url: str
) -> None:
    path, body, count = CREATIONS["a tenant"]
    await as_owner(
        database_url,
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'died'; END $$;"
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION die()",
    )
    assert (await post(platform.http, path, body)).status_code >= 500
    assert await platform.rows(count) == [(0,)]
    await as_owner(database_url, "DROP TRIGGER die ON idempotency_keys")
    assert (await post(platform.http, path, body)).status_code == 201
    assert await platform.rows(count) == [(1,)]


async def test_neither_keys_nor_secrets_nor_passwords_can_be_read_from_what_is_kept(platform: Installation) -> None:
    told = [(await post(platform.http, path, body)).json() for path, body, _ in CREATIONS.values()]
    kept = str(await platform.rows("SELECT * FROM idempotency_keys"))
    for secret in (told[0]["api_key"], told[0]["webhook_secret"], told[1]["api_key"], "sri@example.com"):
        assert secret not in kept
    assert {bytes(row[0]) for row in await platform.rows("SELECT fingerprint FROM idempotency_keys")} == {b"sealed"}


async def test_a_key_belongs_to_its_caller_and_its_path(platform: Installation) -> None:
    tenant = await platform.tenant()
    path = f"{TENANTS}/{tenant['id']}/api-keys"
    async with platform.caller(tenant["api_key"]) as owner:
        mine, theirs = await post(owner, path, {"name": "a"}), await post(platform.http, path, {"name": "a"})
    elsewhere = await post(platform.http, KEYS, {"name": "a"})
    assert len({one.json()["api_key"] for one in (mine, theirs, elsewhere)}) == 3


async def test_after_the_secrets_key_was_lost_a_repeat_says_so(install: Platform) -> None:
    before, after = await install(), await install(secrets_key=SecretStr(new_secrets_key()))
    await post(before.http, KEYS, {"name": "a"})
    again = await post(after.http, KEYS, {"name": "a"})
    assert (again.status_code, again.json()["code"]) == (503, "secrets_key_missing")


async def as_owner(database_url: str, statements: str) -> None:

    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
