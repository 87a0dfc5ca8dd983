"""Operators delete over HTTP what nothing stands on, and nothing else."""

import asyncio

import httpx

from ai_platform.runtime.db import Database
from tests.integration.llm.conftest import execute
from tests.integration.llm.editing import CONFIG, made, refusal


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
