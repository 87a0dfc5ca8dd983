"""Tenants over HTTP: what is told, what is kept secret, and who wins a race."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.integration.tenancy.conftest import Installation

NOBODY = "00000000-0000-7000-8000-00000000ffff"


async def test_a_new_tenant_is_told_with_its_defaults_its_key_and_its_webhook_secret(platform: Installation) -> None:
    tenant = await platform.tenant(wa_session="sri")
    assert tenant["api_key"].startswith("aip_")
    assert tenant["webhook_secret"].startswith("whsec_")
    assert (tenant["name"], tenant["wa_session"], tenant["llm_config_name"]) == (
        "Warung Bu Sri",
        "sri",
        "default-smart",
    )
    assert (tenant["payment_provider"], tenant["currency"], tenant["timezone"]) == ("midtrans", "IDR", "Asia/Jakarta")
    assert tenant["options"] == {
        "sla": {},
        "flow_on_create": False,
        "flow_auto_send": False,
        "token_budget_daily": None,
        "bot_pause_minutes": 0,
        "cart_follow_up_minutes": None,
        "order_expiry_hours": 24,
        "handover_message": None,
    }
    assert (tenant["is_active"], tenant["agent_enabled"], tenant["version"]) == (True, True, 1)
    shown = (await platform.http.get(f"/v1/crm/tenants/{tenant['id']}")).json()
    assert shown == {name: value for name, value in tenant.items() if name not in ("api_key", "webhook_secret")}


async def test_the_first_key_of_a_tenant_is_its_owners(platform: Installation) -> None:
    tenant = await platform.tenant()
    async with platform.caller(tenant["api_key"]) as owner:
        me = (await owner.get("/v1/auth/me")).json()
        assert (me["role"], me["tenant_id"], me["member"]) == ("owner", tenant["id"], None)
        assert [one["id"] for one in (await owner.get("/v1/crm/tenants")).json()["items"]] == [tenant["id"]]


async def test_secrets_are_written_and_never_read(platform: Installation) -> None:
    tenant = await platform.tenant(
        payment_config={"server_key": "SB-Mid-server-hush", "is_production": True},
        business_hours={"mon": "09:00-17:00"},
    )
    assert tenant["payment_config"] == {
        "is_production": True,
        "server_key": True,
        "secret_key": False,
        "callback_token": False,
    }
    assert "hush" not in (await platform.http.get("/v1/crm/tenants")).text
    stored = await platform.rows("SELECT sealed FROM tenant_secrets")
    assert len(stored) == 2
    assert not any(b"hush" in bytes(sealed) or b"whsec" in bytes(sealed) for (sealed,) in stored)
    api = platform.tenancy.api
    assert await api.secret(tenant_uuid(tenant), "server_key") == "SB-Mid-server-hush"
    assert await api.secret(tenant_uuid(tenant), "webhook_secret") == tenant["webhook_secret"]
    assert await api.secret(tenant_uuid(tenant), "secret_key") is None


async def test_a_change_names_what_it_changes_and_leaves_the_rest(platform: Installation) -> None:
    tenant = await platform.tenant(payment_config={"server_key": "one", "callback_token": "two"})
    path = f"/v1/crm/tenants/{tenant['id']}"
    body = {
        "business_hours": {"sat": "09:00-12:00", "mon": ["13:00-17:00", "09:00-12:00"]},
        "options": {"bot_pause_minutes": 15},
        "payment_config": {"server_key": None, "secret_key": "three"},
    }
    changed = await platform.http.patch(path, json=body)
    assert changed.status_code == 200, changed.text
    assert changed.json()["business_hours"] == {"mon": ["09:00-12:00", "13:00-17:00"], "sat": ["09:00-12:00"]}
    assert changed.json()["payment_config"] == {
        "is_production": False,
        "server_key": False,
        "secret_key": True,
        "callback_token": True,
    }
    again = (await platform.http.patch(path, json={"options": {"handover_message": "Soon"}})).json()
    assert (again["options"]["bot_pause_minutes"], again["options"]["handover_message"]) == (15, "Soon")
    assert again["name"] == tenant["name"]


async def test_the_prompt_has_a_door_of_its_own(platform: Installation) -> None:
    tenant = await platform.tenant()
    path = f"/v1/crm/tenants/{tenant['id']}"
    told = await platform.http.put(f"{path}/prompt", json={"prompt": "You sell cakes."})
    assert (told.status_code, told.json()["agent_prompt"]) == (200, "You sell cakes.")
    assert told.headers["etag"] == '"2"'
    assert (await platform.http.get(path)).headers["etag"] == '"2"'


async def test_of_two_writers_who_read_the_same_version_one_wins(platform: Installation) -> None:
    tenant = await platform.tenant()
    path = f"/v1/crm/tenants/{tenant['id']}"
    answers = await asyncio.gather(
        *(platform.http.patch(path, json={"name": f"n{n}"}, headers={"If-Match": '"1"'}) for n in range(5))
    )
    assert sorted(one.status_code for one in answers) == [200, 412, 412, 412, 412]
    assert {one.json()["code"] for one in answers if one.status_code == 412} == {"precondition_failed"}
    winner = next(one for one in answers if one.status_code == 200)
    assert (await platform.http.get(path)).json() == winner.json()


async def test_writers_who_do_not_care_all_write(platform: Installation) -> None:
    tenant = await platform.tenant()
    path = f"/v1/crm/tenants/{tenant['id']}"
    answers = await asyncio.gather(*(platform.http.patch(path, json={"name": f"n{n}"}) for n in range(5)))
    assert [one.status_code for one in answers] == [200] * 5
    assert (await platform.http.get(path)).json()["version"] == 6


@pytest.mark.parametrize("etag", ["3", "nonsense", '"one"', '"2", "3"', 'W/"1"'])
async def test_an_etag_that_is_none_of_ours_matches_nothing(platform: Installation, etag: str) -> None:
    tenant = await platform.tenant()
    answer = await platform.http.patch(
        f"/v1/crm/tenants/{tenant['id']}", json={"name": "x"}, headers={"If-Match": etag}
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "n" * 256),
        ("name", "n\x00"),
        ("name", "\ud800"),
        ("currency", "XYZ"),
        ("currency", "idr"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../etc/passwd"),
        ("payment_provider", "cash"),
        ("payment_config", {"colour": "red"}),
        ("llm_config_name", "nowhere"),
        ("business_hours", {"mon": "9-17"}),
        ("business_hours", {"someday": "09:00-17:00"}),
        ("business_hours", {"mon": ["09:00-12:00", "11:00-13:00"]}),
        ("business_hours", {"mon": "17:00-09:00"}),
        ("options", {"order_expiry_hours": 0}),
        ("options", {"bot_pause_minutes": "15"}),
        ("options", {"speed": 1}),
        ("unknown", 1),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(platform: Installation, field: str, value: Any) -> None:
    body = json.dumps({"name": "x", field: value})  # a lone surrogate passes only as an escape
    answer = await platform.http.post("/v1/crm/tenants", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert any(field in one["loc"] for one in answer.json()["errors"]), answer.text
    assert await platform.rows("SELECT count(*) FROM tenants") == [(1,)]


async def test_a_whatsapp_session_is_one_tenants(platform: Installation) -> None:
    await platform.tenant(wa_session="shared")
    answer = await platform.http.post("/v1/crm/tenants", json={"name": "late", "wa_session": "shared"})
    assert (answer.status_code, answer.json()["code"]) == (409, "wa_session_taken")
    other = await platform.tenant("other")
    answer = await platform.http.patch(f"/v1/crm/tenants/{other['id']}", json={"wa_session": "shared"})
    assert (answer.status_code, answer.json()["code"]) == (409, "wa_session_taken")


async def test_a_deactivated_tenant_is_kept_and_comes_back(platform: Installation) -> None:
    tenant = await platform.tenant()
    path = f"/v1/crm/tenants/{tenant['id']}"
    for _ in range(2):
        assert (await platform.http.delete(path)).status_code == 204
    assert (await platform.http.get(path)).json()["is_active"] is False
    listed = (await platform.http.get("/v1/crm/tenants", params={"active": True})).json()["items"]
    assert [one["id"] for one in listed] == [str(DEFAULT_TENANT)]
    assert (await platform.http.patch(path, json={"is_active": True})).json()["is_active"] is True
    actions = [one["action"] for one in (await platform.http.get("/v1/ops/audit")).json()["items"]]
    assert actions == ["tenant.changed", "tenant.deactivated", "tenant.created"]


async def test_the_default_tenant_stays(platform: Installation) -> None:
    path = f"/v1/crm/tenants/{DEFAULT_TENANT}"
    for answer in (await platform.http.delete(path), await platform.http.patch(path, json={"is_active": False})):
        assert (answer.status_code, answer.json()["code"]) == (409, "default_tenant")


async def test_who_is_not_there_is_not_found(platform: Installation) -> None:
    for tenant_id in (NOBODY, "nonsense"):
        path = f"/v1/crm/tenants/{tenant_id}"
        answers = [
            await platform.http.get(path),
            await platform.http.patch(path, json={"name": "x"}),
            await platform.http.delete(path),
            await platform.http.get(f"{path}/api-keys"),
            await platform.http.post(f"{path}/api-keys", json={"name": "x"}),
        ]
        assert [one.status_code for one in answers] == [404] * 5


async def test_a_list_is_read_page_by_page_newest_first(platform: Installation) -> None:
    made = [(await platform.tenant(f"t{number}"))["id"] for number in range(3)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await platform.http.get("/v1/crm/tenants", params={"limit": 2, **cursor})).json()
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [*reversed(made), str(DEFAULT_TENANT)]


def tenant_uuid(tenant: dict[str, Any]) -> UUID:
    return UUID(tenant["id"])
