"""Who may do what: the table in docs/reference/access.md, asked of the running application for every operation."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from ai_platform.kernel.ids import new_id
from tests.integration.tenancy.conftest import Installation

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "access.md"
ROW = re.compile(r"^\| `(?P<method>[A-Z]+) (?P<path>/\S*)` \| (?P<cells>.*) \|$", re.MULTILINE)
COLUMNS = ("nobody", "agent", "owner", "platform", "elsewhere")
PASSWORD = "correct horse battery"
OWN_PAGE = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


class Asked(NamedTuple):
    method: str
    path: str


def table() -> dict[Asked, dict[str, str]]:
    found = {}
    for row in ROW.finditer(PAGE.read_text()):
        cells = [cell.strip() for cell in row["cells"].split("|")]
        found[Asked(row["method"], row["path"])] = dict(zip(COLUMNS, cells, strict=True))
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[Asked, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield Asked(method.upper(), path), operation


@pytest.fixture
async def document(platform: Installation) -> dict[str, Any]:
    found: dict[str, Any] = (await platform.http.get("/openapi.json")).json()
    return found


class Shop(NamedTuple):
    """A tenant's ids, by the names that paths have for them, and the key of its owner."""

    ids: Mapping[str, str]
    key: str


async def a_shop(platform: Installation, name: str) -> Shop:
    """With one customer, and one order that is being paid."""
    tenant = await platform.tenant(name, payment_provider="sandbox")
    at = f"/v1/crm/tenants/{tenant['id']}"

    async def made(path: str, **body: Any) -> dict[str, Any]:
        answer = await platform.http.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    product = await made(f"{at}/products", name="Kopi Gayo", base_price=75_000, variants=[{"sku": "KOPI", "stock": 5}])
    customer = await made(f"{at}/customers", phone_number="0812-3456-7890")
    order = await made(f"{at}/orders", customer_id=customer["id"], items=[{"sku": "KOPI", "quantity": 1}])
    await made(f"/v1/crm/orders/{order['id']}/confirm")
    order = await made(f"/v1/crm/orders/{order['id']}/payment")
    ids = {"tenant_id": tenant["id"], "product_id": product["id"], "variant_id": product["variants"][0]["id"]}
    ids |= {"customer_id": customer["id"], "order_id": order["id"], "item_id": order["items"][0]["id"]}
    return Shop(ids | {"payment_id": order["payment"]["id"]}, tenant["api_key"])


GUARDED = ("tenant_id", "customer_id", "payment_id")
"""What is named by these is looked for before the role is: only those that are there tell who may."""


async def ask(
    caller: httpx.AsyncClient, asked: Asked, operation: dict[str, Any], known: Mapping[str, str], **more: Any
) -> httpx.Response:
    """With the document's own example, the ids that are known, else ids that nobody has, and a version likewise."""
    named = {"provider": "midtrans", **known}
    path = re.sub(r"\{([^}]+)\}", lambda found: named.get(found[1], str(new_id())), asked.path)
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    given = {"json": body["example"]} if body else {}
    return await caller.request(asked.method, path, headers={"If-Match": '"999"'}, **(given | more))


def verdict(answer: httpx.Response) -> str:
    """What the table says of it; whoever is told of an id that nobody has, or of a wrong password, was let in."""
    code = answer.json()["code"] if answer.status_code >= 400 else ""
    if code == "signature_invalid":
        return "signed"
    if code == "tenant_not_found" or (answer.status_code in (401, 403) and code != "sign_in_refused"):
        return str(answer.status_code)
    return "yes"


def test_every_operation_has_a_row_and_every_row_an_operation(openapi: dict[str, Any]) -> None:
    assert {asked for asked, _ in operations(openapi)} == set(table())


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    from ai_platform.processes.openapi import openapi_document  # noqa: PLC0415 - loads the whole gateway

    return openapi_document()


async def test_what_the_table_says_is_what_happens(platform: Installation, document: dict[str, Any]) -> None:
    mine, theirs = await a_shop(platform, "Mine"), await platform.tenant("Theirs")
    known = {name: mine.ids[name] for name in GUARDED}
    callers = {
        "nobody": platform.caller(),
        "agent": platform.caller(await platform.key(known["tenant_id"], "agent")),
        "owner": platform.caller(mine.key),
        "platform": platform.http,
        "elsewhere": platform.caller(theirs["api_key"]),
    }
    wrong = []
    rows = table()
    for asked, operation in operations(document):
        for column, caller in callers.items():
            caller.cookies.clear()  # the examples of a new member and of signing in are the same person
            answer = await ask(caller, asked, operation, known)
            if verdict(answer) != rows[asked][column]:
                wrong.append(f"{asked.method} {asked.path}: {column} is told {answer.status_code} {answer.text[:80]}")
    assert not wrong, "\n".join(wrong)


async def test_a_wrong_key_is_refused_before_anything_else_is_read(
    platform: Installation, document: dict[str, Any]
) -> None:
    rows = table()
    async with platform.caller("aip_wrong") as stranger:
        for asked, operation in operations(document):
            if rows[asked]["nobody"] == "401":
                bad = {"params": {"limit": "no-number"}, "content": b"{", "json": None}
                answer = await ask(stranger, asked, operation, {"tenant_id": "no-id"}, **bad)
                assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid"), asked


async def test_what_is_another_tenants_is_not_there(platform: Installation) -> None:
    """404, never 403: for each kind of thing that has an id of its own."""
    mine, theirs = await platform.tenant("Mine"), await platform.tenant("Theirs")
    async with platform.caller(mine["api_key"]) as owner, platform.caller(theirs["api_key"]) as stranger:
        base = f"/v1/crm/tenants/{mine['id']}"
        job = (await owner.post("/v1/jobs", json={"prompt": "Hello"})).json()["job_id"]
        key = (await owner.post(f"{base}/api-keys", json={"name": "till"})).json()["id"]
        person = {"email": "a@example.com", "name": "A", "password": PASSWORD}
        member = (await owner.post(f"{base}/members", json=person)).json()["id"]
        away = f"/v1/crm/tenants/{theirs['id']}"
        for method, path in (
            *[("GET", f"/v1/jobs/{job}{more}") for more in ("", "/events", "/webhooks")],
            *[("POST", f"/v1/jobs/{job}/{verb}") for verb in ("cancel", "retry")],
            *[("DELETE", f"{where}/api-keys/{key}") for where in (base, away)],
            *[("PATCH", f"{where}/members/{member}") for where in (base, away)],
            *[("DELETE", f"{where}/members/{member}") for where in (base, away)],
            ("GET", f"/v1/ops/audit?tenant_id={mine['id']}"),
        ):
            answer = await stranger.request(method, path, json={} if method == "PATCH" else None)
            assert answer.status_code == 404, (method, path, answer.text)
        assert (await owner.get(f"/v1/jobs/{job}")).status_code == 200


async def what_it_has(platform: Installation, shop: Shop) -> list[dict[str, Any]]:
    places = ("tenants/{tenant_id}/products/{product_id}", "customers/{customer_id}", "orders/{order_id}")
    return [(await platform.http.get("/v1/crm/" + place.format(**shop.ids))).json() for place in places]


async def test_of_another_tenants_shop_nothing_is_there(platform: Installation, document: dict[str, Any]) -> None:
    """Every operation that names one of its things, by its right id, and from one's own place or from there."""
    mine, theirs = await a_shop(platform, "Mine"), await a_shop(platform, "Theirs")
    before = await what_it_has(platform, mine)
    asked_of = 0
    async with platform.caller(theirs.key) as stranger:
        for asked, operation in operations(document):
            if not {"product_id", "customer_id", "order_id", "payment_id"} & set(
                re.findall(r"\{([^}]+)\}", asked.path)
            ):
                continue
            for tenant in (mine, theirs):
                path = asked.path.format(**{**mine.ids, "tenant_id": tenant.ids["tenant_id"]})
                body = operation.get("requestBody", {}).get("content", {}).get("application/json")
                answer = await stranger.request(asked.method, path, **({"json": body["example"]} if body else {}))
                assert answer.status_code == 404, (asked, answer.text)
                asked_of += 1
    assert asked_of >= 40
    assert await what_it_has(platform, mine) == before


@pytest.mark.parametrize("role", ["agent", "owner"])
async def test_a_members_session_may_do_what_a_key_of_his_role_may(
    platform: Installation, document: dict[str, Any], role: str
) -> None:
    mine = await a_shop(platform, "Mine")
    known = {name: mine.ids[name] for name in GUARDED}
    person = {"email": "sri@example.com", "name": "Sri", "role": role, "password": PASSWORD}
    await platform.http.post(f"/v1/crm/tenants/{known['tenant_id']}/members", json=person)
    rows = table()
    async with platform.caller(**OWN_PAGE) as browser:
        signed_in = {"email": person["email"], "password": PASSWORD}
        assert (await browser.post("/v1/auth/login", json=signed_in)).status_code == 200
        for asked, operation in operations(document):
            if not asked.path.startswith("/v1/auth/"):
                answer = await ask(browser, asked, operation, known)
                assert verdict(answer) == rows[asked][role], (asked, answer.text)
