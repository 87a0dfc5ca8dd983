"""Operators make configs and templates over HTTP: what may be said of them, and what a name may hold."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.integration.llm.editing import CONFIG, TEMPLATE, made, refusal


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
