"""What is particular to prompt templates and agents when operators edit them over HTTP."""

from typing import Any

import httpx
import pytest

from ai_platform.runtime.db import Database
from tests.integration.llm.conftest import execute
from tests.integration.llm.editing import TEMPLATE, made, refusal


async def test_a_template_tells_its_placeholders_and_keeps_its_revisions(http: httpx.AsyncClient) -> None:
    template = await made(http, "/templates", TEMPLATE)
    assert (template["variables"], template["revision"]) == (["shop"], 1)

    await http.put("/templates/shop", json={"content": "You serve {shop} in {city}.", "description": "new"})
    replaced = (await http.put("/templates/shop", json={"content": "Hi."})).json()

    assert (replaced["revision"], replaced["variables"]) == (3, [])
    first = (await http.get("/templates/shop/revisions", params={"limit": 2})).json()
    rest = (await http.get("/templates/shop/revisions", params={"cursor": first["next_cursor"]})).json()
    told = [(item["revision"], item["variables"]) for item in first["items"] + rest["items"]]
    assert told == [(3, []), (2, ["shop", "city"]), (1, ["shop"])]


async def test_a_change_by_sql_is_among_the_revisions(database: Database, http: httpx.AsyncClient) -> None:
    await execute(database, "UPDATE prompt_templates SET content = 'by hand' WHERE name = 'main-agent'")

    items = (await http.get("/templates/main-agent/revisions")).json()["items"]

    assert [(item["revision"], item["content"] == "by hand") for item in items] == [(2, True), (1, False)]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"content": "{oops"}, ["content"]),
        ({"content": " "}, ["content"]),
        ({"content": "ü" * 600_000}, ["content"]),
        ({"variables": ["shop", "city"]}, ["variables"]),
        ({"name": None}, ["name"]),
    ],
    ids=["braces", "blank", "long", "variables", "no name"],
)
async def test_a_template_beyond_its_limits_is_refused(
    http: httpx.AsyncClient, change: dict[str, Any], where: list[object]
) -> None:
    answer = await http.post("/templates", json={**TEMPLATE, **change})

    assert refusal(answer) == (422, "validation_failed", [where])


async def test_the_four_agents_are_there_to_begin_with(http: httpx.AsyncClient) -> None:
    items = (await http.get("/agents")).json()["items"]

    assert {item["agent_type"]: item["template_name"] for item in items} == {
        name: f"{name}-agent" for name in ("fallback", "followup", "main", "moderation")
    }
    assert {item["on_error"] for item in items} == {"block"}


async def test_an_agent_is_replaced_as_a_whole(http: httpx.AsyncClient) -> None:
    seen = (await http.get("/agents/moderation")).headers["ETag"]
    stated = {"config_name": "demo", "template_name": "code-assistant", "on_error": "allow", "temperature": 0}

    answer = await http.put("/agents/moderation", json=stated, headers={"If-Match": seen})
    again = await http.put("/agents/moderation", json=stated, headers={"If-Match": seen})

    assert {name: answer.json()[name] for name in stated} == stated
    assert (answer.json()["max_retries"], answer.json()["max_tokens"]) == (3, None)
    assert again.status_code == 412


async def test_a_deleted_agent_is_made_anew(database: Database, http: httpx.AsyncClient) -> None:
    await execute(database, "DELETE FROM agent_configs WHERE agent_type = 'main'")
    assert (await http.get("/agents/main")).status_code == 404

    assert (await http.put("/agents/main", json={"template_name": "main-agent"})).json()["version"] == 1


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"template_name": "nobody"}, ["template_name"]),
        ({"config_name": "nobody"}, ["config_name"]),
        ({"on_error": "shrug"}, ["on_error"]),
        ({"max_retries": 11}, ["max_retries"]),
        ({"temperature": -1}, ["temperature"]),
        ({"agent_type": "main"}, ["agent_type"]),
    ],
    ids=str,
)
async def test_an_agent_beyond_its_limits_is_refused(
    http: httpx.AsyncClient, change: dict[str, Any], where: list[object]
) -> None:
    answer = await http.put("/agents/followup", json={"template_name": "followup-agent", **change})

    assert refusal(answer) == (422, "validation_failed", [where])


async def test_there_are_no_other_agents(http: httpx.AsyncClient) -> None:
    assert refusal(await http.get("/agents/chief"))[:2] == (404, "agent_not_found")
    refused = await http.put("/agents/chief", json={"template_name": "main-agent"})
    assert refusal(refused)[:2] == (404, "agent_not_found")
