"""Operators over HTTP, on real rows."""

from typing import Any

import httpx

from ai_platform.llm.wiring import Llm
from tests.doors import app_of

CONFIG = {"name": "mine", "provider": "demo", "model_name": "demo"}
TEMPLATE = {"name": "shop", "content": "You serve {shop}."}


def client_of(llm: Llm, key: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app_of(llm.routers))
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(transport=transport, base_url="http://gateway/v1/llm", headers=headers)


async def made(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await http.post(path, json=body)
    assert answer.status_code == 201, answer.text
    resource: dict[str, Any] = answer.json()
    return resource


def refusal(answer: httpx.Response) -> tuple[int, str, list[list[object]]]:
    problem = answer.json()
    return answer.status_code, problem["code"], [error["loc"][1:] for error in problem.get("errors", [])]
