"""The one place that maps errors to HTTP: RFC 9457 problem documents with stable codes."""

import http
import json
import math
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ai_platform.kernel.errors import (
    Conflict,
    InvalidInput,
    LimitExceeded,
    NotAllowed,
    NotFound,
    PlatformError,
    PreconditionFailed,
    Unavailable,
    Violation,
)
from ai_platform.runtime.fields import complaint
from ai_platform.runtime.head import allowed_methods

MEDIA_TYPE: Final = "application/problem+json"
EXAMPLE_ID: Final = UUID("550e8400-e29b-41d4-a716-446655440000")

_STATUSES: Final = {InvalidInput: 422, NotFound: 404, PreconditionFailed: 412, Conflict: 409, Unavailable: 503}
_CODES: Final = {400: "malformed_request", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


class FieldProblem(BaseModel):
    """One wrong field: where it stands, what is wrong, and the rule's name."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(BaseModel):
    """RFC 9457 problem details; `code` is stable and meant for programs, `detail` for people.

    Some codes come with members of their own: `out_of_stock` with the short `lines`, for one.
    """

    type: str = Field(examples=["urn:ai-platform:problem:job_not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no job 550e8400-e29b-41d4-a716-446655440000."])
    instance: str = Field(examples=["/v1/jobs/550e8400-e29b-41d4-a716-446655440000"])
    code: str = Field(examples=["job_not_found"])
    errors: list[FieldProblem] | None = None


Responses = dict[int | str, Any]
"""The OpenAPI entries of an operation's answers."""


def refusals(*errors: PlatformError) -> Responses:
    """An operation's own refusals, each with its words as an example; the general ones are added to all."""
    responses: Responses = {}
    for error in errors:
        add_refusal(responses, error, "")
    return responses


def add_refusal(responses: Responses, error: PlatformError, instance: str) -> None:
    """One more example under its status; the first of a code stays."""
    status = status_of(error)
    answer = responses.setdefault(str(status), {"description": http.HTTPStatus(status).phrase, "content": {}})
    media = answer["content"].setdefault(MEDIA_TYPE, {"schema": {"$ref": "#/components/schemas/Problem"}})
    examples = media.setdefault("examples", {})
    examples.setdefault(error.stable_code, {"summary": error.detail, "value": document_of(error, instance)})
    for example in examples.values():
        example["value"]["instance"] = example["value"]["instance"] or instance


def schemas() -> dict[str, Any]:
    """`Problem` and what it is made of, for the OpenAPI document."""
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    field = schema.pop("$defs")["FieldProblem"]
    return {"Problem": schema, "FieldProblem": field}


def status_of(error: PlatformError) -> int:
    if isinstance(error, NotAllowed):
        return 403 if error.known else 401
    if isinstance(error, LimitExceeded):
        return 413 if error.retry_after is None else 429
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)


def problem(
    status: int,
    detail: str,
    *,
    code: str,
    instance: str,
    errors: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Pure ASCII on the wire, so that no input can make an error unspeakable."""
    document = _document(status, detail, code=code, instance=instance) | ({} if errors is None else {"errors": errors})
    return Response(json.dumps(document), status, headers, MEDIA_TYPE)


def document_of(error: PlatformError, instance: str) -> dict[str, Any]:
    document = _document(status_of(error), error.detail, code=error.stable_code, instance=instance)
    if isinstance(error, InvalidInput):
        return document | {"errors": [_field_problem(one) for one in error.violations]}
    return {**error.facts, **document} if isinstance(error, Conflict) else document


def _document(status: int, detail: str, *, code: str, instance: str) -> dict[str, Any]:
    return {
        "type": f"urn:ai-platform:problem:{code}",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
    }


def from_error(error: PlatformError, instance: str) -> Response:
    headers: dict[str, str] = {}
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    status = status_of(error)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(json.dumps(document_of(error, instance)), status, headers, MEDIA_TYPE)


def _field_problem(violation: Violation) -> dict[str, Any]:
    """A use case names the field; that it stood in the body is the edge's knowledge."""
    in_body = violation.loc[:1] not in (("query",), ("header",))
    loc = ["body", *violation.loc] if in_body else list(violation.loc)
    return {"loc": loc, "msg": violation.msg, "type": violation.type}


def internal_error(instance: str) -> Response:
    return problem(500, "Something went wrong on our side; it was logged.", code="internal_error", instance=instance)


def install(app: FastAPI) -> None:
    """Answer every refusal of the application and of the framework with a problem document."""

    @app.exception_handler(PlatformError)
    async def _platform(request: Request, error: PlatformError) -> Response:
        return from_error(error, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        found = [{"loc": list(one["loc"]), "msg": complaint(one), "type": one["type"]} for one in error.errors()]
        if any(one["loc"][0] == "path" for one in found):
            return problem(404, "There is nothing here.", code="not_found", instance=request.url.path)
        return problem(422, _summary(found), code="validation_failed", instance=request.url.path, errors=found)

    @app.exception_handler(HTTPException)
    async def _framework(request: Request, error: HTTPException) -> Response:
        if error.status_code == 400:
            return problem(422, "The body cannot be read.", code="malformed_body", instance=request.url.path, errors=[])
        code = _CODES.get(error.status_code, "http_error")
        headers = {"Allow": ", ".join(allowed_methods(request))} if error.status_code == 405 else error.headers
        return problem(error.status_code, str(error.detail), code=code, instance=request.url.path, headers=headers)


def _summary(found: list[dict[str, Any]]) -> str:
    first = found[0]
    if first["type"] == "json_invalid":
        return "The body is not valid JSON."
    where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{where}: {first['msg']}{more}"
