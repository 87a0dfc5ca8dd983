"""Problem documents as every refusal has to be one."""

from typing import Any

import httpx

from tests.e2e.stage import KEY


def the_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer; none ever tells about the inside."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= problem.keys()
    assert problem["status"] == status
    assert problem["instance"].startswith("/")
    assert not any(word in answer.text for word in ("Traceback", "SELECT", "sqlalchemy", "asyncpg", KEY))
    return problem
