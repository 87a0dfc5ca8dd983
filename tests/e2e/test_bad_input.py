"""Input that can never be run: refused at once, with the field that is wrong, and nothing of it is kept."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.client import Client
from tests.e2e.problems import the_problem
from tests.e2e.stage import Stage

AS_JSON = {"Content-Type": "application/json"}


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def body(**fields: object) -> bytes:
    return json.dumps({"prompt": "Hello", **fields}).encode()


BAD_BODIES: dict[str, tuple[bytes, list[str | int]]] = {
    "no prompt": (b"{}", ["body", "prompt"]),
    "an empty prompt": (body(prompt=""), ["body", "prompt"]),
    "a blank prompt": (body(prompt=" \n\t\u2003"), ["body", "prompt"]),
    "a prompt of 100 001 characters": (body(prompt="x" * 100_001), ["body", "prompt"]),
    "a prompt with NUL": (body(prompt="a\x00b"), ["body", "prompt"]),
    "a prompt that is a number": (body(prompt=5), ["body", "prompt"]),
    "a prompt that is null": (body(prompt=None), ["body", "prompt"]),
    "a prompt with a lone surrogate": (rb'{"prompt": "a\ud800b"}', ["body", "prompt"]),
    "metadata with NUL": (body(metadata={"a": ["b\x00"]}), ["body", "metadata"]),
    "metadata with NUL in a name": (body(metadata={"a\x00": 1}), ["body", "metadata"]),
    "metadata with a lone surrogate": (rb'{"prompt": "a", "metadata": {"a": "\udfff"}}', ["body", "metadata"]),
    "metadata of 17 KiB": (body(metadata={"a": "x" * 17_000}), ["body", "metadata"]),
    "metadata that is a list": (body(metadata=[1]), ["body", "metadata"]),
    "metadata nested 40 levels deep": (body(metadata=nested(40)), ["body", "metadata"]),
    "metadata with a number beyond all numbers": (rb'{"prompt": "a", "metadata": {"a": 1e999}}', ["body", "metadata"]),
    "an infinite timeout": (rb'{"prompt": "a", "timeout_seconds": 1e999}', ["body", "timeout_seconds"]),
    "a negative timeout": (body(timeout_seconds=-1), ["body", "timeout_seconds"]),
    "eleven retries": (body(max_retries=11), ["body", "max_retries"]),
    "a huge number of retries": (body(max_retries=10**400), ["body", "max_retries"]),
    "half a retry": (body(max_retries=0.5), ["body", "max_retries"]),
    "an unknown priority": (body(priority="urgent"), ["body", "priority"]),
    "an unknown pipeline": (body(pipeline="quantum"), ["body", "pipeline"]),
    "an unknown field": (body(promt="typo"), ["body", "promt"]),
    "an unknown config": (body(config_name="nobody"), ["body", "config_name"]),
    "a config with NUL": (body(config_name="a\x00"), ["body", "config_name"]),
    "a config with a lone surrogate": (rb'{"prompt": "a", "config_name": "\ud800"}', ["body", "config_name"]),
    "a config name of 256 characters": (body(config_name="x" * 256), ["body", "config_name"]),
    "an unknown template": (body(template_name="nobody"), ["body", "template_name"]),
    "a variable that is missing": (body(template_name="needy"), ["body", "variables", "who"]),
    "a history of nobody": (body(context={"history": [{"role": "system", "content": "x"}]}), ["body", "context"]),
    "context with a huge number": (b'{"prompt": "a", "context": {"n": ' + b"9" * 5000 + b"}}", ["body"]),
    "a list": (b"[]", ["body"]),
    "a string": (b'"hello"', ["body"]),
    "nothing": (b"", ["body"]),
    "broken JSON": (b'{"prompt": ', ["body"]),
    "JSON nested 100 000 levels deep": (b'{"prompt": ' + b"[" * 100_000, ["body"]),
    "bytes that are no UTF-8": (b'{"prompt": "\xff\xfe"}', ["body"]),
    "a bare NaN": (b'{"prompt": "a", "timeout_seconds": NaN}', ["body"]),
}


@pytest.mark.parametrize("what", BAD_BODIES)
def test_what_cannot_be_run_is_refused_at_once(client: Client, served: Stage, what: str) -> None:
    if what == "a variable that is missing":
        served.sql("INSERT INTO prompt_templates (name, content) VALUES ('needy', 'You talk to {who}.')")
    content, where = BAD_BODIES[what]
    before = served.sql("SELECT count(*) FROM jobs")
    answer = client.http.post("/v1/jobs", content=content, headers=AS_JSON)
    problem = the_problem(answer, 422)
    assert any(one["loc"][: len(where)] == where for one in problem["errors"]) or problem["code"] == "malformed_body", (
        problem
    )
    assert all(one["msg"] and one["type"] for one in problem["errors"])
    assert served.sql("SELECT count(*) FROM jobs") == before


def test_a_wrong_field_is_told_in_our_own_words(client: Client) -> None:
    problem = the_problem(client.http.post("/v1/jobs", content=body(prompt=" "), headers=AS_JSON), 422)
    assert problem["detail"] == "prompt: must not be blank"
    assert [one["msg"] for one in problem["errors"]] == ["must not be blank"]


def test_a_body_of_another_type_is_refused(client: Client) -> None:
    the_problem(client.http.post("/v1/jobs", content=body(), headers={"Content-Type": "text/plain"}), 422)
    the_problem(client.http.post("/v1/jobs", data={"prompt": "a form"}), 422)


@pytest.mark.parametrize("prompt", ["x" * 100_000, "\U0001f600" * 100_000, "\x01" * 99_999 + "x"])
def test_a_prompt_of_100_000_characters_fits_in_any_escaping(client: Client, prompt: str) -> None:
    answer = client.http.post("/v1/jobs", content=body(prompt=prompt), headers=AS_JSON)
    assert answer.status_code == 202, answer.text
    assert client.job(answer.json()["job_id"])["prompt"] == prompt


def test_a_body_beyond_two_mebibytes_is_413_announced_or_not(client: Client, served: Stage) -> None:
    before = served.sql("SELECT count(*) FROM jobs")
    large = body(prompt="x" * (2 * 1024 * 1024))
    announced = client.http.post("/v1/jobs", content=large, headers=AS_JSON)
    chunked = client.http.post("/v1/jobs", content=pieces_of(large), headers=AS_JSON)
    for answer in (announced, chunked):
        assert the_problem(answer, 413)["code"] == "body_too_large"
    assert served.sql("SELECT count(*) FROM jobs") == before


def pieces_of(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]
