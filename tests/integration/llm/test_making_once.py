"""A configuration or template that is asked for twice under one key is made once and answered the same."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ai_platform.llm.wiring import build_llm
from ai_platform.runtime.db import Database
from ai_platform.runtime.telemetry import Metrics
from tests.doors import OPERATORS_KEY, app_of

CONFIG = {"name": "mine", "provider": "demo", "model_name": "demo"}
TEMPLATE = {"name": "shop", "content": "You serve {shop}."}
BOTH = pytest.mark.parametrize(("path", "body"), [("/configs", CONFIG), ("/templates", TEMPLATE)])
KEY = {"Idempotency-Key": "the first one"}


@pytest_asyncio.fixture
async def http(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    llm = build_llm(database=database, environment={}, metrics=Metrics())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app_of(llm.routers)),
        base_url="http://gateway/v1/llm",
        headers={"Authorization": f"Bearer {OPERATORS_KEY}"},
    ) as client:
        yield client
    await llm.close()


@BOTH
async def test_asked_again_it_is_answered_word_for_word(
    http: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    first = await http.post(path, json=body, headers=KEY)
    changed = await http.put(f"{path}/{body['name']}", json={**body, "is_active": False})
    again = await http.post(path, json=body, headers=KEY)

    assert (first.status_code, changed.status_code, again.status_code) == (201, 200, 201)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])


@BOTH
async def test_of_fifty_at_once_one_makes_it(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    answers = await asyncio.gather(*(http.post(path, json=body, headers=KEY) for _ in range(50)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [answer for answer in answers if answer.status_code == 201]
    assert sum("Idempotent-Replayed" not in answer.headers for answer in made) == 1
    assert len({answer.content for answer in made}) == 1


@BOTH
async def test_another_body_under_the_key_is_refused(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    await http.post(path, json=body, headers=KEY)
    other = await http.post(path, json={**body, "name": "another"}, headers=KEY)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (await http.get(f"{path}/another")).status_code == 404


@BOTH
async def test_what_was_refused_may_be_asked_anew(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    await http.post(path, json=body)
    refused = await http.post(path, json=body, headers=KEY)
    await http.delete(f"{path}/{body['name']}")

    assert refused.status_code == 409
    assert (await http.post(path, json=body, headers=KEY)).status_code == 201
