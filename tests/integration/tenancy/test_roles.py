"""Who may do what: each operation of this context, as each kind of caller, in one's own tenant and in another's."""

from typing import Any, Final

import httpx

from tests.integration.tenancy.conftest import Installation

ABSENT: Final = "00000000-0000-7000-8000-00000000ffff"
NEW_TENANT: Final = {"name": "x"}
NEW_MEMBER: Final = {"email": "a@b.id", "name": "A", "password": "twelve letters"}

# What is asked, and what platform, owner, agent, another tenant's owner and a stranger are answered. A body that
# is wrong (422) shows that the caller got as far as being validated.
TABLE: Final[list[tuple[str, str, Any, tuple[int, int, int, int, int]]]] = [
    ("POST", "/v1/crm/tenants", NEW_TENANT, (201, 403, 403, 403, 401)),
    ("GET", "/v1/crm/tenants", None, (200, 200, 403, 200, 401)),
    ("GET", "/v1/crm/tenants/{own}", None, (200, 200, 403, 404, 401)),
    ("PATCH", "/v1/crm/tenants/{own}", {"agent_enabled": True}, (200, 200, 403, 404, 401)),
    ("PATCH", "/v1/crm/tenants/{own}", {"is_active": True}, (200, 403, 403, 404, 401)),
    ("PUT", "/v1/crm/tenants/{own}/prompt", {"prompt": "x"}, (200, 200, 403, 404, 401)),
    ("GET", "/v1/crm/tenants/{own}/api-keys", None, (200, 200, 403, 404, 401)),
    ("POST", "/v1/crm/tenants/{own}/api-keys", {"name": "x", "role": "agent"}, (201, 201, 403, 404, 401)),
    ("POST", "/v1/crm/tenants/{own}/api-keys", {"name": "x", "role": "platform"}, (201, 403, 403, 404, 401)),
    ("DELETE", "/v1/crm/tenants/{own}/api-keys/" + ABSENT, None, (404, 404, 403, 404, 401)),
    ("GET", "/v1/crm/tenants/{own}/members", None, (200, 200, 200, 404, 401)),
    ("POST", "/v1/crm/tenants/{own}/members", NEW_MEMBER, (409, 201, 403, 404, 401)),
    ("POST", "/v1/crm/tenants/{own}/members", NEW_MEMBER | {"role": "platform"}, (409, 403, 403, 404, 401)),
    ("PATCH", "/v1/crm/tenants/{own}/members/" + ABSENT, {"name": "x"}, (404, 404, 403, 404, 401)),
    ("DELETE", "/v1/crm/tenants/{own}/members/" + ABSENT, None, (404, 404, 403, 404, 401)),
    ("GET", "/v1/ops/audit", None, (200, 200, 403, 200, 401)),
    ("GET", "/v1/ops/audit?tenant_id={own}", None, (200, 200, 403, 404, 401)),
    ("GET", "/v1/auth/me", None, (200, 200, 200, 200, 401)),
    ("GET", "/metrics", None, (200, 403, 403, 403, 401)),
    ("DELETE", "/v1/crm/tenants/{own}", None, (204, 403, 403, 404, 401)),
]


async def test_everybody_is_answered_as_the_table_says(platform: Installation) -> None:
    own, other = await platform.tenant("own"), await platform.tenant("other")
    keys = (None, own["api_key"], await platform.key(own["id"]), other["api_key"], "")
    callers = [platform.http if key is None else platform.caller(key) for key in keys]
    wrong: list[str] = []
    for method, path, body, expected in TABLE:
        # the strongest last, so that what it deletes is there for the others
        answered = [await ask(one, method, path.format(own=own["id"]), body) for one in reversed(callers)]
        if tuple(reversed(answered)) != expected:
            wrong.append(f"{method} {path}: {tuple(reversed(answered))} instead of {expected}")
    for caller in callers[1:]:
        await caller.aclose()
    assert wrong == []


async def test_authentication_comes_before_any_validation(platform: Installation) -> None:
    async with platform.caller() as stranger:
        answer = await stranger.post("/v1/crm/tenants", content=b"{")
    assert (answer.status_code, answer.json()["code"]) == (401, "key_missing")


async def ask(caller: httpx.AsyncClient, method: str, path: str, body: Any) -> int:
    return (await caller.request(method, path, json=body)).status_code
