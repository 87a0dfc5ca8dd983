"""Each kind of error has its status, and each answer is a problem document."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import Response

from ai_platform.kernel.errors import (
    Conflict,
    InvalidInput,
    LimitExceeded,
    NotAllowed,
    NotFound,
    PlatformError,
    Unavailable,
    Violation,
)
from ai_platform.runtime.problems import MEDIA_TYPE, from_error, install, internal_error, refusals


class JobNotFound(NotFound):
    code = "job_not_found"


def document(response: Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(response.body))
    return found


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidInput("no"), 422, "validation_failed"),
        (NotFound("no"), 404, "not_found"),
        (JobNotFound("no"), 404, "job_not_found"),
        (Conflict("no", code="invalid_transition"), 409, "invalid_transition"),
        (NotAllowed("no"), 403, "not_allowed"),
        (NotAllowed("no", code="key_missing", known=False), 401, "key_missing"),
        (LimitExceeded("no", code="body_too_large"), 413, "body_too_large"),
        (LimitExceeded("no", retry_after=2), 429, "limit_exceeded"),
        (Unavailable("no"), 503, "unavailable"),
        (PlatformError("no"), 500, "internal_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_kind_has_its_status_and_a_stable_code(error: PlatformError, status: int, code: str) -> None:
    response = from_error(error, "/v1/jobs")
    found = document(response)
    assert (response.status_code, found["status"], found["code"]) == (status, status, code)
    assert response.media_type == MEDIA_TYPE
    assert found["type"] == f"urn:ai-platform:problem:{code}"
    assert (found["detail"], found["instance"]) == ("no", "/v1/jobs")
    assert found["title"]


@pytest.mark.parametrize(("seconds", "told"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (1.4, "2"), (30.0, "30")])
def test_who_must_wait_is_told_whole_seconds_and_never_too_few(seconds: float, told: str) -> None:
    for error in (Unavailable("no", retry_after=seconds), LimitExceeded("no", retry_after=seconds)):
        assert from_error(error, "/").headers["Retry-After"] == told


def test_a_body_that_is_too_large_need_not_come_again_later() -> None:
    assert "Retry-After" not in from_error(LimitExceeded("no"), "/").headers


def test_only_an_unknown_caller_is_asked_for_a_key() -> None:
    assert from_error(NotAllowed("no", known=False), "/").headers["WWW-Authenticate"] == "Bearer"
    assert "WWW-Authenticate" not in from_error(NotAllowed("no"), "/").headers


def test_a_refused_field_stands_in_the_body_unless_it_says_otherwise() -> None:
    violations = (
        Violation(("config_name",), "is unknown", "unknown_config"),
        Violation(("query", "cursor"), "is not a cursor", "invalid_cursor"),
        Violation(("header", "if-match"), "is no version", "invalid_version"),
    )
    found = document(from_error(InvalidInput("no", violations=violations), "/"))
    assert found["errors"] == [
        {"loc": ["body", "config_name"], "msg": "is unknown", "type": "unknown_config"},
        {"loc": ["query", "cursor"], "msg": "is not a cursor", "type": "invalid_cursor"},
        {"loc": ["header", "if-match"], "msg": "is no version", "type": "invalid_version"},
    ]


def test_every_refused_input_has_a_list_of_errors() -> None:
    assert document(from_error(InvalidInput("no"), "/"))["errors"] == []
    assert "errors" not in document(from_error(NotFound("no"), "/"))


@pytest.mark.parametrize("detail", ["mie 🍜", "lone \ud800 surrogate", "nul \x00", '"quoted"\n'])
def test_no_words_make_an_answer_unspeakable(detail: str) -> None:
    response = from_error(NotFound(detail), "/v1/jobs/\ud800")
    assert bytes(response.body).isascii()
    assert document(response)["detail"] == detail


def test_a_fault_of_our_own_tells_nothing_of_itself() -> None:
    found = document(internal_error("/v1/jobs"))
    assert (found["status"], found["code"]) == (500, "internal_error")


def test_each_documented_refusal_is_an_example_under_its_status_in_its_own_words() -> None:
    documented = refusals(NotFound("No such cup.", code="no_cup"), NotFound("No such tea.", code="no_tea"))
    assert set(documented) == {"404"}
    assert documented["404"]["description"] == "Not Found"
    examples = documented["404"]["content"][MEDIA_TYPE]["examples"]
    assert {code: one["value"]["detail"] for code, one in examples.items()} == {
        "no_cup": "No such cup.",
        "no_tea": "No such tea.",
    }


def test_the_application_answers_every_refusal_itself() -> None:
    app = FastAPI()
    before = set(app.exception_handlers)
    install(app)
    assert PlatformError in set(app.exception_handlers) - before
