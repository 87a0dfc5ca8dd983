"""What an exception of a vendor's package means. Read by shape, not by class: there is a vendor for every taste,
and none of their packages need be installed.

    a status of 300 or more, or an error body      what the provider says          domain.refusals
    a class named …Timeout…                        llm_timeout
    a class of a lost connection                   llm_connection_failed, or llm_stream_cut once the stream began
    anything else                                  llm_malformed_response: the package could not read the answer
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from ai_platform.llm.domain import failures
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.failures import ModelCallFailed
from ai_platform.llm.domain.refusals import Refusal, failure_of
from ai_platform.llm.domain.retry_after import retry_after

_LOST: Final = frozenset(
    {"APIConnectionError", "ConnectError", "NetworkError", "ProtocolError", "TransportError", "ClientConnectionError"}
)


def failure_from(error: Exception, config: LLMConfig, *, broke_off: bool) -> ModelCallFailed:
    """`broke_off` says that part of a streamed answer had already come."""
    if isinstance(error, ModelCallFailed):
        return error
    refusal = _refusal(error)
    if refusal is not None:
        return failure_of(refusal, config)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    lost = isinstance(error, OSError) or bool(kinds & _LOST)
    if any("Timeout" in kind for kind in kinds):
        return failures.timed_out(config)
    if broke_off:
        return failures.stream_cut(config)
    return failures.connection_failed(config) if lost else failures.malformed(config, type(error).__name__)


def _refusal(error: Exception) -> Refusal | None:
    status = _status(error)
    body = _error_body(error)
    if status < 300 and not body:
        return None
    details = body.get("details")
    stated = details.get("error_code") if isinstance(details, Mapping) else None
    code = body.get("code")
    return Refusal(
        status=code if status < 300 and isinstance(code, int) and code >= 400 else status,
        error_type=_word(body.get("type")),
        error_code=_word(stated) or _word(code),
        message=_word(body.get("message")),
        retry_after=retry_after(_headers(error), datetime.now(UTC)),
    )


def _status(error: Exception) -> int:
    for name in ("status_code", "http_status", "code"):
        status = getattr(error, name, None)
        if isinstance(status, int):
            return status
    return 0


def _error_body(error: Exception) -> Mapping[str, object]:
    """The provider's `error` object: at the top of the body, inside it, or all that a ValueError carries."""
    body = getattr(error, "body", None)
    if body is None and isinstance(error, ValueError) and error.args:
        body = error.args[0]
    if not isinstance(body, Mapping):
        return {}
    inner = body.get("error")
    if isinstance(inner, Mapping):
        return inner
    return body if "message" in body or "type" in body else {}


def _headers(error: Exception) -> Mapping[str, str]:
    headers = getattr(getattr(error, "response", None), "headers", None)
    return {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, Mapping) else {}


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
