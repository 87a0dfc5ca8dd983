"""Operators make, read, change and delete the configuration over HTTP, on real rows, and lose no change."""

import asyncio
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from ai_platform.llm.contracts.api import CompletionRequest
from ai_platform.llm.wiring import Llm
from ai_platform.runtime.db import Database
from tests.doors import OWNERS_KEY
from tests.integration.llm.conftest import execute
from tests.integration.llm.editing import CONFIG, TEMPLATE, client_of, made, refusal
from tests.integration.llm.test_changes_by_sql import SOON
from tests.support import eventually


async def test_three_fields_make_a_config_and_the_rest_is_told(http: httpx.AsyncClient) -> None:
    config = await made(http, "/configs", {"name": "mine", "provider": "openai", "model_name": "gpt"})

    assert config.pop("created_at") == config.pop("updated_at")
    assert config == {
        "name": "mine",
        "provider": "openai",
        "model_name": "gpt",
        "api_key_env": "OPENAI_API_KEY",
        "base_url": None,
        "temperature": 0.7,
        "max_tokens": 4096,
        "timeout_seconds": 120.0,
        "max_concurrency": None,
        "requests_per_minute": None,
        "tokens_per_minute": None,
        "fallbacks": [],
        "input_cost_per_mtok": None,
        "output_cost_per_mtok": None,
        "validation": {
            "min_length": 1,
            "on_empty": "retry",
            "on_too_short": "accept",
            "on_error_indicator": "fallback",
            "on_refusal": "accept",
            "on_truncated": "accept",
        },
        "is_active": True,
        "version": 1,
    }


async def test_all_that_was_stated_comes_back(http: httpx.AsyncClient) -> None:
    stated = {
        **CONFIG,
        "api_key_env": "SHOP_KEY",
        "base_url": "https://proxy.example/v1",
        "temperature": 0,
        "max_tokens": 9,
        "timeout_seconds": 7.5,
        "max_concurrency": 3,
        "requests_per_minute": 4,
        "tokens_per_minute": 5,
        "fallbacks": ["demo", "default-fast"],
        "input_cost_per_mtok": 0.25,
        "output_cost_per_mtok": "1.5",
        "validation": {"min_length": 3, "on_too_short": "retry"},
        "is_active": False,
    }

    config = await made(http, "/configs", stated)
    kept = (await http.get("/configs/mine")).json()

    assert config == kept
    assert (kept["fallbacks"], kept["timeout_seconds"]) == (["demo", "default-fast"], 7.5)
    assert (kept["input_cost_per_mtok"], kept["output_cost_per_mtok"]) == (0.25, 1.5)
    assert (kept["validation"]["on_too_short"], kept["validation"]["on_empty"]) == ("retry", "retry")


@pytest.mark.parametrize(
    "name", ["with space", "a/b", "a/b/revisions/c", "100%", "ü 😀", "?q=1#x", "x" * 255], ids=lambda name: name[:9]
)
async def test_a_name_may_hold_any_character(http: httpx.AsyncClient, name: str) -> None:
    await made(http, "/configs", {**CONFIG, "name": name})
    await made(http, "/templates", {**TEMPLATE, "name": name})
    there = quote(name, safe="")

    assert (await http.get(f"/configs/{there}")).json()["name"] == name
    assert (await http.get(f"/templates/{there}/revisions")).json()["items"][0]["name"] == name
    assert (await http.delete(f"/configs/{there}")).status_code == 204
    assert (await http.delete(f"/templates/{there}")).status_code == 204
    assert (await http.get(f"/templates/{there}")).status_code == 404


@pytest.mark.parametrize("name", [".", "..", "a/../b", "./a", "a/revisions"])
async def test_a_name_that_no_address_can_hold_is_refused(http: httpx.AsyncClient, name: str) -> None:
    for path, body in (("/configs", CONFIG), ("/templates", TEMPLATE)):
        assert refusal(await http.post(path, json={**body, "name": name})) == (422, "validation_failed", [["name"]])


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "x" * 256}, ["name"]),
        ({"name": "a\x00b"}, ["name"]),
        ({"provider": "opnai"}, ["provider"]),
        ({"model_name": " "}, ["model_name"]),
        ({"temperature": 2.1}, ["temperature"]),
        ({"temperature": True}, ["temperature"]),
        ({"max_tokens": 0}, ["max_tokens"]),
        ({"max_tokens": 2**31}, ["max_tokens"]),
        ({"timeout_seconds": 0}, ["timeout_seconds"]),
        ({"max_concurrency": 0}, ["max_concurrency"]),
        ({"base_url": "ftp://host"}, ["base_url"]),
        ({"base_url": "https://user:secret@host/v1"}, ["base_url"]),
        ({"api_key_env": "sk-proj-0123456789abcdef"}, ["api_key_env"]),
        ({"api_key_env": "gsk_0123456789ABCDEFabcdef"}, ["api_key_env"]),
        ({"fallbacks": ["nobody"]}, ["fallbacks"]),
        ({"fallbacks": ["mine"]}, ["fallbacks"]),
        ({"fallbacks": ["demo", "demo"]}, ["fallbacks"]),
        ({"validation": {"on_empty": "shrug"}}, ["validation", "on_empty"]),
        ({"input_cost_per_mtok": -1}, ["input_cost_per_mtok"]),
        ({"input_cost_per_mtok": 1_000_000}, ["input_cost_per_mtok"]),
        ({"temperatur": 1}, ["temperatur"]),
    ],
    ids=str,
)
async def test_each_field_beyond_its_limit_is_named(
    http: httpx.AsyncClient, change: dict[str, Any], where: list[object]
) -> None:
    answer = await http.post("/configs", json={**CONFIG, **change})

    assert refusal(answer) == (422, "validation_failed", [where])
    assert "0123456789" not in answer.text


@pytest.mark.parametrize(("path", "body"), [("/configs", CONFIG), ("/templates", TEMPLATE)])
async def test_a_name_is_given_once(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    await made(http, path, body)

    assert refusal(await http.post(path, json=body))[:2] == (409, f"{path[1:-1]}_exists")


async def test_an_answer_can_be_edited_and_sent_back(http: httpx.AsyncClient) -> None:
    config = await made(http, "/configs", CONFIG)

    answer = await http.put("/configs/mine", json={**config, "temperature": 0.1})

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (answer.json()["temperature"], answer.json()["version"]) == (0.1, 2)


async def test_a_name_cannot_be_changed(http: httpx.AsyncClient) -> None:
    await made(http, "/configs", CONFIG)

    assert refusal(await http.put("/configs/mine", json={**CONFIG, "name": "yours"})) == (
        422,
        "validation_failed",
        [["name"]],
    )


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(("path", "body"), [("/configs", CONFIG), ("/templates", TEMPLATE)])
async def test_a_change_to_another_version_is_refused(
    http: httpx.AsyncClient, path: str, body: dict[str, Any], method: str
) -> None:
    await made(http, path, body)
    there, sent = f"{path}/{body['name']}", body if method == "PUT" else None

    for tag in ('"7"', 'W/"1"', "nonsense"):
        refused = await http.request(method, there, headers={"If-Match": tag}, json=sent)
        assert refusal(refused)[:2] == (412, "precondition_failed")

    seen = (await http.get(there)).headers["ETag"]
    assert (await http.request(method, there, headers={"If-Match": seen}, json=sent)).is_success


async def test_of_many_who_saw_the_same_version_one_changes_it(http: httpx.AsyncClient) -> None:
    await made(http, "/configs", CONFIG)

    answers = await asyncio.gather(
        *(
            http.put("/configs/mine", json={**CONFIG, "max_tokens": tokens}, headers={"If-Match": '"1"'})
            for tokens in range(1, 9)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7


@pytest.mark.parametrize("path", ["/configs/nobody", "/templates/nobody", "/templates/nobody/revisions"])
async def test_what_is_not_there_is_404(http: httpx.AsyncClient, path: str) -> None:
    assert refusal(await http.get(path))[:2] == (404, f"{path.split('/')[1][:-1]}_not_found")


async def test_what_something_stands_on_is_not_deleted(database: Database, http: httpx.AsyncClient) -> None:
    await made(http, "/configs", CONFIG)
    await made(http, "/configs", {**CONFIG, "name": "other", "fallbacks": ["mine"]})
    await http.put("/agents/main", json={"template_name": "main-agent", "config_name": "other"})

    await made(http, "/configs", {**CONFIG, "name": "shops"})
    await execute(
        database, "INSERT INTO tenants (id, name, llm_config_name) VALUES (gen_random_uuid(), 'Sri', 'shops')"
    )

    for name, why in (
        ("mine", "config 'other'"),
        ("other", "main agent"),
        ("default-smart", "names no config"),
        ("shops", "a tenant"),
    ):
        answer = await http.delete(f"/configs/{name}")
        assert refusal(answer)[:2] == (409, "config_in_use")
        assert why in answer.json()["detail"]
    for name in ("main-agent", "default-assistant"):
        assert refusal(await http.delete(f"/templates/{name}"))[:2] == (409, "template_in_use")


async def test_a_fallback_is_not_deleted_while_it_is_being_named(http: httpx.AsyncClient) -> None:
    for number in range(5):
        await made(http, "/configs", {**CONFIG, "name": f"fallback-{number}"})

    for number in range(5):
        there = f"fallback-{number}"
        named, deleted = await asyncio.gather(
            http.post("/configs", json={**CONFIG, "name": f"user-{number}", "fallbacks": [there]}),
            http.delete(f"/configs/{there}"),
        )
        assert (named.status_code, deleted.status_code) in {(201, 409), (422, 204)}


@pytest.mark.parametrize("path", ["/configs", "/templates"])
async def test_pages_hold_every_name_once(http: httpx.AsyncClient, path: str) -> None:
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = (await http.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    whole = (await http.get(path)).json()
    assert names == [item["name"] for item in whole["items"]]
    assert len(set(names)) == len(names) >= 5


@pytest.mark.parametrize("path", ["/configs", "/templates", "/templates/main-agent/revisions"])
@pytest.mark.parametrize("cursor", ["!", "YQ==", "AA"])
async def test_a_foreign_cursor_is_refused(http: httpx.AsyncClient, path: str, cursor: str) -> None:
    assert refusal(await http.get(path, params={"cursor": cursor}))[:2] == (422, "invalid_cursor")


async def test_a_change_over_http_is_effective_in_a_running_worker(http: httpx.AsyncClient, llm: Llm) -> None:
    await made(http, "/configs", CONFIG)
    request = CompletionRequest(config_name="mine", template_name=None, prompt="one two", pipeline="multi_agent")
    assert (await llm.api.complete(request)).text == "[demo] one two"

    await http.put("/agents/main", json={"template_name": "main-agent", "max_tokens": 2})

    async def shorter() -> bool:
        return (await llm.api.complete(request)).text == "[demo] one"

    await eventually(shorter, within=SOON)


async def test_a_default_that_was_changed_over_http_is_its_editors(http: httpx.AsyncClient, llm: Llm) -> None:
    await http.put("/configs/default-smart", json={"provider": "demo", "model_name": "demo", "temperature": 0.3})

    bound = await llm.bind_default()

    assert bound is not None
    assert bound.edited


async def test_only_operators_read_and_change(llm: Llm) -> None:
    async with client_of(llm, OWNERS_KEY) as owner:
        for method, path, body in (
            ("GET", "/configs", None),
            ("POST", "/configs", CONFIG),
            ("POST", "/templates", TEMPLATE),
            ("DELETE", "/templates/main-agent", None),
            ("PUT", "/agents/main", {"template_name": "main-agent"}),
        ):
            assert refusal(await owner.request(method, path, json=body))[:2] == (403, "role_too_low")
