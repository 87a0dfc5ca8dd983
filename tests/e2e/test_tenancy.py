"""Two businesses on one installation, as an operator with nothing but the command line sets them up."""

import json
from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.command_line import run_command
from tests.e2e.programs import GatewayProcess, until
from tests.e2e.stage import KEY, Stage


def run(gateway: GatewayProcess, directory: Path, *arguments: str, key: str = KEY, code: int = 0) -> str:
    variables = {
        "AI_PLATFORM_URL": gateway.url,
        "AI_PLATFORM_API_KEY": key,
        "AI_PLATFORM_MEMBER_PASSWORD": "correct horse battery",
    }
    ran = run_command(*arguments, directory=directory, variables=variables)
    assert ran.returncode == code, f"{ran.returncode}: {ran.stdout}{ran.stderr}"
    assert "Traceback" not in ran.stdout + ran.stderr
    return ran.stdout if code == 0 else ran.stderr


def test_two_tenants_two_keys_and_nobody_crosses(gateway: GatewayProcess, tmp_path: Path) -> None:
    one, two = (json.loads(run(gateway, tmp_path, "tenants", "create", name)) for name in ("One", "Two"))
    till = run(gateway, tmp_path, "keys", "create", "till", "--tenant", two["id"], key=two["api_key"]).strip()
    with Client(gateway.url, one["api_key"]) as mine, Client(gateway.url, till) as theirs:
        job = mine.submit("for my eyes only")
        assert mine.http.get(f"/v1/jobs/{job}").status_code == 200
        assert theirs.http.get(f"/v1/jobs/{job}").status_code == 404
        assert theirs.http.get("/v1/jobs").json()["items"] == []
        assert theirs.http.get(f"/v1/crm/tenants/{one['id']}").status_code == 404
        assert theirs.http.get(f"/v1/crm/tenants/{two['id']}").status_code == 403
        assert theirs.http.get("/v1/jobs").headers["ratelimit-policy"] == '"default";q=500;w=10'


def test_keys_are_listed_and_revoked(gateway: GatewayProcess, tmp_path: Path) -> None:
    tenant = json.loads(run(gateway, tmp_path, "tenants", "create", "Three"))
    at = ("--tenant", tenant["id"])
    key = run(gateway, tmp_path, "keys", "create", "till", *at).strip()
    listed = json.loads(run(gateway, tmp_path, "keys", "list", *at, "--json"))
    assert [one["name"] for one in listed] == ["till", "owner"]
    assert "till" in run(gateway, tmp_path, "keys", "list", *at)
    with Client(gateway.url, key) as client:
        assert client.http.get("/v1/jobs").status_code == 200
        run(gateway, tmp_path, "keys", "revoke", listed[0]["id"], *at)
        until(lambda: client.http.get("/v1/jobs").status_code == 401, within=2, what="the end of the key")
    assert "no API key" in run(gateway, tmp_path, "keys", "revoke", listed[0]["id"], *at, code=1)


def test_a_tenant_is_shown_and_deactivated(gateway: GatewayProcess, tmp_path: Path) -> None:
    tenant = json.loads(run(gateway, tmp_path, "tenants", "create", "Four"))
    assert json.loads(run(gateway, tmp_path, "tenants", "show", tenant["id"]))["is_active"] is True
    run(gateway, tmp_path, "tenants", "deactivate", tenant["id"])
    assert json.loads(run(gateway, tmp_path, "tenants", "show", tenant["id"]))["is_active"] is False
    assert "Four" in run(gateway, tmp_path, "tenants", "list")
    assert "no id" in run(gateway, tmp_path, "tenants", "show", "../jobs", code=2)


def test_members_are_let_in_and_out(gateway: GatewayProcess, tmp_path: Path) -> None:
    made = json.loads(run(gateway, tmp_path, "members", "create", "sri@e2e.example", "Sri", "--role", "owner"))
    assert "sri@e2e.example" in run(gateway, tmp_path, "members", "list", "--json")
    with Client(gateway.url) as browser:
        body = {"email": "sri@e2e.example", "password": "correct horse battery"}
        assert browser.http.post("/v1/auth/login", json=body).status_code == 200
        assert browser.http.get("/v1/auth/me").json()["member"]["id"] == made["id"]
        run(gateway, tmp_path, "members", "remove", made["id"])
        until(lambda: browser.http.get("/v1/auth/me").status_code == 401, within=2, what="the end of the session")


@pytest.mark.parametrize("key", ["", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "not a key"])
def test_a_gateway_without_the_right_secrets_key_does_not_start(
    served: Stage, gateway: GatewayProcess, tmp_path: Path, key: str
) -> None:
    run(gateway, tmp_path, "tenants", "create", "Five")
    refused = run_command(
        "gateway", "--port", "0", directory=tmp_path, variables=served.variables | {"SECRETS_KEY": key}
    )
    assert refused.returncode == 2, refused.stderr
    assert "SECRETS_KEY" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
