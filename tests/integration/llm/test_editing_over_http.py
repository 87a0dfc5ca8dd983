"""Operators change the configuration over HTTP, on real rows, and lose no change."""

import asyncio
from typing import Any

import httpx
import pytest

from ai_platform.llm.contracts.api import CompletionRequest
from ai_platform.llm.wiring import Llm
from tests.doors import OWNERS_KEY
from tests.integration.llm.editing import CONFIG, TEMPLATE, client_of, made, refusal
from tests.integration.llm.test_changes_by_sql import SOON
from tests.support import eventually


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
