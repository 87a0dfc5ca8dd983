"""The OpenAPI document: what FastAPI knows of the operations, and what the edge and the manners add to each.

A route states only the refusals of its own (`problems.refusals`). Those that follow from what an operation takes
(a key, a body, `Idempotency-Key`, `If-Match`, a path parameter) are added here, once for all.
"""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ai_platform.kernel.errors import (
    InvalidInput,
    LimitExceeded,
    NotAllowed,
    NotFound,
    PlatformError,
    PreconditionFailed,
    Unavailable,
    Violation,
)
from ai_platform.runtime import problems
from ai_platform.runtime.auth import SESSION_COOKIE
from ai_platform.runtime.idempotency import KEY_LENGTH, IdempotencyInProgress, IdempotencyKeyReused
from ai_platform.runtime.openapi_examples import give_examples
from ai_platform.runtime.openapi_links import link_operations

Operation = dict[str, Any]

_TITLES: Final = {"last-event-id": "Last-Event-ID"}
_STATED: Final[dict[str, dict[str, Any]]] = {
    "Idempotency-Key": {"minLength": 1, "maxLength": KEY_LENGTH, "examples": ["order-1041"]},
    "If-Match": {"examples": ['"3"']},
}
_PHRASES: Final = {"200": "Done.", "201": "Made.", "202": "Accepted; it is done soon.", "204": "Done; nothing to tell."}
_BAD_FIELD: Final = (Violation(("limit",), "Input should be less than or equal to 200", "less_than_equal"),)

_OF_A_KEY: Final = (
    NotAllowed("Send your API key as `Authorization: Bearer <key>`.", code="key_missing", known=False),
    NotAllowed("The API key is not valid.", code="key_invalid", known=False),
    NotAllowed("A session is served to the console's own pages only.", code="origin_not_allowed"),
    NotFound("There is no such tenant.", code="tenant_not_found"),
    LimitExceeded("Too many requests; slow down.", code="rate_limited", retry_after=1.0),
    Unavailable("The database cannot be reached; try again shortly.", code="database_unavailable"),
)
_OF_A_ROLE: Final = (NotAllowed("This needs a key of role platform.", code="role_too_low"),)
_OF_A_PATH: Final = (NotFound("There is nothing here.", code="not_found"),)
_OF_INPUT: Final = (InvalidInput("limit: Input should be less than or equal to 200", violations=_BAD_FIELD),)
_OF_A_CURSOR: Final = (InvalidInput("The cursor is not valid.", code="invalid_cursor"),)
_OF_A_BODY: Final = (
    InvalidInput("The body cannot be read.", code="malformed_body"),
    LimitExceeded("The body is larger than 2 MiB.", code="body_too_large"),
)
_OF_ONCE: Final = (IdempotencyInProgress(), IdempotencyKeyReused())
_OF_A_VERSION: Final = (PreconditionFailed("It has version 3 by now; read it again."),)


def build_document(app: FastAPI, *, public: frozenset[str], operators: frozenset[str]) -> dict[str, Any]:
    """`public`: the paths that need no key; `operators`: ids of the operations that need role platform."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for never_sent in ("HTTPValidationError", "ValidationError"):
        schemas.pop(never_sent, None)
    schemas.update(problems.schemas())
    components["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "aip_…"},
        "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
    }
    components["parameters"] = {"TenantId": _TENANT}
    components["headers"] = {"RequestId": _REQUEST_ID, "RetryAfter": _RETRY_AFTER, "Replayed": _REPLAYED}
    document["security"] = [{"apiKey": []}, {"session": []}]
    for path, operation in operations_of(document):
        _tidy(operation)
        if path in public:
            operation["security"] = []
        takes_key = operation.get("security") != []
        for error in _refusals_of(operation, operators, takes_key=takes_key):
            problems.add_refusal(operation["responses"], error, path)
        if takes_key:
            operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/TenantId"})
        _add_headers(operation)
        operation["responses"] = dict(sorted(operation["responses"].items()))
    link_operations(document)
    give_examples(document)
    return document


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            yield path, operation


def _refusals_of(operation: Operation, operators: frozenset[str], *, takes_key: bool) -> Iterator[PlatformError]:
    named = {parameter["name"]: parameter for parameter in operation.get("parameters", [])}
    places = {parameter["in"] for parameter in named.values()}
    has_body = "$ref" in str(operation.get("requestBody"))  # one of our shapes; others are read as they come
    known = (
        (takes_key, _OF_A_KEY),
        (operation["operationId"] in operators, _OF_A_ROLE),
        ("path" in places, _OF_A_PATH),
        ("query" in places or has_body, _OF_INPUT),
        ("cursor" in named, _OF_A_CURSOR),
        (has_body, _OF_A_BODY),
        ("Idempotency-Key" in named, _OF_ONCE),
        ("If-Match" in named, _OF_A_VERSION),
    )
    return (error for applies, errors in known if applies for error in errors)


def _tidy(operation: Operation) -> None:
    """Of FastAPI's own: an error answer that is never sent, nulls where nothing can be null, and its phrases."""
    refused = operation["responses"].get("422", {}).get("content", {})
    if "application/json" in refused:
        del operation["responses"]["422"]
    if operation.get("parameters"):
        operation["parameters"] = [_tidied(one) for one in operation["parameters"] if one["name"] != "accept"]
    for status, phrase in _PHRASES.items():
        answer = operation["responses"].get(status, {})
        if answer.get("description") == "Successful Response":
            answer["description"] = phrase


def _tidied(parameter: dict[str, Any]) -> dict[str, Any]:
    """`Accept` is left out before: OpenAPI has it in the media types of the answers."""
    name = parameter["name"]
    if parameter["in"] == "header":
        name = _TITLES.get(name, name.title())
    return {**parameter, "name": name, "schema": _never_null(parameter["schema"]) | _STATED.get(name, {})}


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    if len(kinds) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}


def _add_headers(operation: Operation) -> None:
    takes_once = any(one.get("name") == "Idempotency-Key" for one in operation.get("parameters", []))
    for status, answer in operation["responses"].items():
        headers = {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}}
        if status in ("429", "503"):
            headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
        if takes_once and status.startswith("2"):
            headers["Idempotent-Replayed"] = {"$ref": "#/components/headers/Replayed"}
        answer.setdefault("headers", {}).update(headers)


_TENANT: Final[dict[str, Any]] = {
    "name": "X-Tenant-ID",
    "in": "header",
    "required": False,
    "description": "The tenant that a platform key acts for, instead of `default`.",
    "schema": {"type": "string", "format": "uuid"},
}
_REQUEST_ID: Final[dict[str, Any]] = {
    "description": "The id under which logs know this request: yours, when you sent one, else a new one.",
    "schema": {"type": "string"},
}
_RETRY_AFTER: Final[dict[str, Any]] = {
    "description": "Seconds after which it is worth trying again.",
    "schema": {"type": "integer", "minimum": 1},
}
_REPLAYED: Final[dict[str, Any]] = {
    "description": "`true` on an answer that was given before, to the same `Idempotency-Key`.",
    "schema": {"type": "string", "enum": ["true"]},
}
