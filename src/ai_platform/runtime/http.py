"""The HTTP application that every context's router hangs on, with its own docs page and no foreign scripts."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.telemetry import TelemetryConfig
from starlette.staticfiles import StaticFiles

from ai_platform.kernel.errors import InvalidInput, NotAllowed, Violation
from ai_platform.kernel.once import Once
from ai_platform.kernel.principal import Principal, Role
from ai_platform.runtime import problems
from ai_platform.runtime.auth import Door
from ai_platform.runtime.edge import SIGN_IN, Edge
from ai_platform.runtime.idempotency import KEY_LENGTH
from ai_platform.runtime.openapi import build_document
from ai_platform.runtime.rate_limits import RateLimits
from ai_platform.runtime.spans import NO_SPANS, Spans
from ai_platform.runtime.telemetry import Metrics

PUBLIC: Final = ("/health", "/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/sandbox")
"""Open to anybody; `/metrics` decides for itself."""

NO_KEY: Final[dict[str, Any]] = {"security": []}
"""For the OpenAPI entry of an operation that is served to anybody."""

_TOLD_BY_THE_EDGE: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI's own telemetry would tell paths, queries and exceptions' words, and could be switched on from outside."""

_DESCRIPTION: Final = """
LLM jobs that are accepted once and answered once.

Send your API key as `Authorization: Bearer <key>`. Errors are RFC 9457 problem documents with a stable `code`.
"""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


async def principal_of(request: Request) -> Principal:
    """Who asks; decided at the edge, before the body was read."""
    principal: Principal = request.state.principal
    return principal


async def operator_of(request: Request) -> Principal:
    """Who asks, if it may change what all tenants share. Raises NotAllowed."""
    principal = await principal_of(request)
    if principal.role is not Role.PLATFORM:
        raise NotAllowed("This needs a key of role platform.", code="role_too_low")
    return principal


async def once_of(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(description="Makes a repeat of this request answer what the first one did, for 24 hours.")
    ] = None,
) -> Once | None:
    """The effect that the caller named, if it did. Raises InvalidInput."""
    if idempotency_key is None:
        return None
    is_one = len(request.headers.getlist("idempotency-key")) == 1
    if not (is_one and 1 <= len(idempotency_key) <= KEY_LENGTH and idempotency_key.isprintable()):
        msg = f"must be sent once and have 1 to {KEY_LENGTH} printable characters"
        raise InvalidInput(
            f"Idempotency-Key {msg}.",
            violations=(Violation(("header", "Idempotency-Key"), msg, "idempotency_key_invalid"),),
        )
    principal = await principal_of(request)
    fingerprint = hashlib.sha256(await request.body()).digest()
    return Once(actor=principal.actor, path=request.url.path, key=idempotency_key, fingerprint=fingerprint)


REPLAYED: Final = {"Idempotent-Replayed": "true"}
"""The header of an answer that was given before."""


async def versions_expected(
    request: Request,
    if_match: Annotated[str | None, Header(description="The `ETag` of what is to be changed; else 412.")] = None,
) -> frozenset[int] | None:
    """The versions that `If-Match` names; None where any will do. A weak or foreign tag matches none (RFC 9110)."""
    if if_match is None:
        return None
    tags = [tag.strip() for line in request.headers.getlist("if-match") for tag in line.split(",")]
    if tags == ["*"]:
        return None
    return frozenset(int(tag[1:-1]) for tag in tags if _OWN_TAG.match(tag))


_OWN_TAG: Final = re.compile(r'"[0-9]{1,18}"$')

ExpectedVersions = Annotated[frozenset[int] | None, Depends(versions_expected)]
Caller = Annotated[Principal, Depends(principal_of)]
Operator = Annotated[Principal, Depends(operator_of)]
OnlyOnce = Annotated[Once | None, Depends(once_of)]


def build_app(  # noqa: PLR0913 - one keyword a thing that the application is made of
    *,
    version: str,
    routers: Sequence[APIRouter],
    door: Door,
    limits: RateLimits,
    metrics: Metrics,
    body_limits: Mapping[str, int | None] | None = None,
    below: Sequence[str] = (),
    spans: Spans = NO_SPANS,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """All routers behind one edge, with problem documents for every refusal.

    `body_limits` names the paths whose bodies may be larger than others, in bytes; None where they may be of any size.
    Below the prefixes `below` no key is asked for: whoever is served there proves himself in another way.
    """
    app = FastAPI(
        title="AI Platform Engine",
        version=version,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_TOLD_BY_THE_EDGE,
    )
    for router in routers:
        app.include_router(router)
    problems.install(app)
    _serve_docs(app)
    _describe(app)
    app.add_middleware(
        Edge,
        door=door,
        limits=limits,
        metrics=metrics,
        public=frozenset(path[1:] for path in PUBLIC),
        below=(SIGN_IN, *below),
        body_limits=body_limits or {},
        spans=spans,
    )
    return app


def _serve_docs(app: FastAPI) -> None:
    app.mount("/docs/assets", StaticFiles(directory=_docs_assets()), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="AI Platform Engine: API",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/docs/assets/favicon.png",
            swagger_ui_parameters={"persistAuthorization": True, "tryItOutEnabled": True},
        )


def _docs_assets() -> Path:
    """Swagger UI as a PyPI package carries it; found without importing the package."""
    spec = find_spec("fastapi_offline")
    assert spec is not None  # noqa: S101 - a declared dependency
    assert spec.origin is not None  # noqa: S101 - it is a regular package
    return Path(spec.origin).parent / "static"


def _describe(app: FastAPI) -> None:
    """The OpenAPI document, made when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            public = frozenset({*PUBLIC, "/v1/auth/login", "/v1/auth/logout"})
            app.openapi_schema = build_document(app, public=public, operators=_operators(app))
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI documents this very override


def _operators(app: FastAPI) -> frozenset[str]:
    """The operations that ask for an `Operator`."""
    found = (one.original_route for one in iter_route_contexts(app.routes))
    return frozenset(
        one.operation_id or one.name
        for one in found
        if isinstance(one, APIRoute) and any(needed.call is operator_of for needed in one.dependant.dependencies)
    )
