"""API keys: shown once, looked up by their hash, and worth nothing soon after they are revoked."""

import asyncio
import time

import httpx
import pytest

from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.tenancy.domain.api_key import new_key
from tests.integration.tenancy.conftest import Installation, Platform
from tests.support import eventually

SOON = 2.0
JOBS = "/v1/jobs"


async def refused(caller: httpx.AsyncClient) -> bool:
    return (await caller.get(JOBS)).status_code == 401


async def test_a_key_is_shown_once_and_kept_as_a_hash(platform: Installation) -> None:
    tenant = await platform.tenant()
    made = (
        await platform.http.post(f"/v1/crm/tenants/{tenant['id']}/api-keys", json={"name": "till", "role": "agent"})
    ).json()
    listed = (await platform.http.get(f"/v1/crm/tenants/{tenant['id']}/api-keys")).json()["items"]
    assert [(one["name"], one["role"]) for one in listed] == [("till", "agent"), ("owner", "owner")]
    assert listed[0] == {name: value for name, value in made.items() if name != "api_key"}
    assert made["api_key"].startswith(made["prefix"])
    assert len(made["prefix"]) < 12
    everything = str(await platform.rows("SELECT * FROM api_keys")) + str(
        await platform.rows("SELECT * FROM audit_log")
    )
    assert made["api_key"] not in everything


async def test_a_revoked_key_opens_nothing_within_two_seconds_and_is_not_found_again(platform: Installation) -> None:
    tenant = await platform.tenant()
    keys = f"/v1/crm/tenants/{tenant['id']}/api-keys"
    made = (await platform.http.post(keys, json={"name": "till", "role": "agent"})).json()
    async with platform.caller(made["api_key"]) as till:
        assert (await till.get(JOBS)).status_code == 200
        assert (await platform.http.delete(f"{keys}/{made['id']}")).status_code == 204
        began = time.monotonic()
        await eventually(lambda: refused(till), within=SOON)
        assert time.monotonic() - began < SOON
    assert (await platform.http.delete(f"{keys}/{made['id']}")).status_code == 404


async def test_the_keys_of_a_deactivated_tenant_open_nothing_until_it_is_back(platform: Installation) -> None:
    tenant = await platform.tenant()
    async with platform.caller(tenant["api_key"]) as owner:
        assert (await owner.get(JOBS)).status_code == 200
        await platform.http.delete(f"/v1/crm/tenants/{tenant['id']}")
        await eventually(lambda: refused(owner), within=SOON)
        await platform.http.patch(f"/v1/crm/tenants/{tenant['id']}", json={"is_active": True})

        async def let_in() -> bool:
            return (await owner.get(JOBS)).status_code == 200

        await eventually(let_in, within=SOON)


async def test_a_key_that_nobody_has_is_unknown(platform: Installation) -> None:
    for key in (new_key(), "aip_", "aip_" + "0" * 40, "x" * 5000):
        async with platform.caller(key) as stranger:
            answer = await stranger.get(JOBS)
            assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid")


async def test_the_last_use_is_noted(platform: Installation) -> None:
    tenant = await platform.tenant()
    async with platform.caller(tenant["api_key"]) as owner:
        keys = f"/v1/crm/tenants/{tenant['id']}/api-keys"
        assert (await owner.get(keys)).json()["items"][0]["last_used_at"] is None
        await platform.tenancy.note_uses()
        assert (await owner.get(keys)).json()["items"][0]["last_used_at"] is not None


async def test_a_platform_key_from_the_store_does_everything_and_belongs_to_nobody(platform: Installation) -> None:
    key = await platform.key(str(DEFAULT_TENANT), "platform")
    tenant = await platform.tenant()
    async with platform.caller(key) as operator:
        assert (await operator.get(f"/v1/crm/tenants/{tenant['id']}")).status_code == 200
        listed = (await operator.get(f"/v1/crm/tenants/{DEFAULT_TENANT}/api-keys")).json()["items"]
        assert [one["role"] for one in listed] == ["platform"]
        assert (
            await operator.delete(f"/v1/crm/tenants/{DEFAULT_TENANT}/api-keys/{listed[0]['id']}")
        ).status_code == 204
        await eventually(lambda: refused(operator), within=SOON)
    async with platform.caller(tenant["api_key"]) as owner:
        assert [
            one["role"] for one in (await owner.get(f"/v1/crm/tenants/{tenant['id']}/api-keys")).json()["items"]
        ] == ["owner"]


async def test_a_platform_key_acts_for_the_tenant_it_names(platform: Installation) -> None:
    tenant = await platform.tenant()
    async with platform.caller(tenant["api_key"]) as owner:
        named = {"X-Tenant-ID": tenant["id"]}
        job = (await platform.http.post(JOBS, json={"prompt": "Hello"}, headers=named)).json()["job_id"]
        assert (await owner.get(f"{JOBS}/{job}")).status_code == 200
        assert (await platform.http.get(f"{JOBS}/{job}")).status_code == 404
        assert (await owner.get(JOBS, headers=named)).status_code == 200
        assert (await owner.get(JOBS, headers={"X-Tenant-ID": str(DEFAULT_TENANT)})).status_code == 404
    for nobody in ("00000000-0000-7000-8000-00000000ffff", "nonsense"):
        answer = await platform.http.get(JOBS, headers={"X-Tenant-ID": nobody})
        assert (answer.status_code, answer.json()["code"]) == (404, "tenant_not_found")


async def test_a_limited_caller_is_told_how_much_is_left_and_then_to_wait(install: Platform) -> None:
    platform = await install(rate_limit_per_second=0.5, rate_limit_burst=3)
    tenant = await platform.tenant()
    async with platform.caller(tenant["api_key"]) as owner:
        answers = [await owner.get(JOBS) for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert [one.headers["ratelimit"].split(";")[1] for one in answers] == ["r=2", "r=1", "r=0", "r=0"]
        assert {one.headers["ratelimit-policy"] for one in answers} == {'"default";q=3;w=6'}
        assert answers[-1].json()["code"] == "rate_limited"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 2
    assert "ratelimit" not in (await platform.http.get(JOBS)).headers
    assert [(await platform.http.get(JOBS)).status_code for _ in range(5)] == [200] * 5


@pytest.mark.parametrize("name", ["Authorization", "Host", "X-Tenant-ID"])
async def test_what_says_who_asks_is_said_once(platform: Installation, name: str) -> None:
    value = platform.http.headers.get(name, str(DEFAULT_TENANT))
    twice = [(key, one) for key, one in platform.http.headers.items() if key != name.lower()]
    request = httpx.Request("GET", "http://localhost/v1/jobs", headers=[*twice, (name, value), (name, value)])
    async with platform.caller() as plain:
        answer = await plain.send(request)
    assert (answer.status_code, answer.json()["code"]) == (401, "header_repeated")


async def test_many_who_use_one_key_at_once_cost_one_look_up(platform: Installation) -> None:
    tenant = await platform.tenant()
    async with platform.caller(tenant["api_key"]) as owner:
        answers = await asyncio.gather(*(owner.get("/v1/auth/me") for _ in range(50)))
    assert {one.status_code for one in answers} == {200}
