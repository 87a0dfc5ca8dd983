"""What a provider's error answer means for the caller: one failure code for each, whoever the provider is.

Sources: OpenAI and Anthropic error references; the `error_code` and `type` words of their Python SDKs.
"""

from dataclasses import dataclass
from typing import Final

from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.failures import FailureCode, ModelCallFailed
from ai_platform.llm.domain.redaction import presentable


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error answer in the words that providers share.

    `status` is the HTTP status; one below 300 means that the error came inside a stream, where only its type
    tells, and one below 400 that the provider is no longer at this address. `error_type` and `error_code` are the
    provider's words or empty; `message` is its unfiltered sentence.
    """

    status: int
    error_type: str = ""
    error_code: str = ""
    message: str = ""
    retry_after: float | None = None


_STATUS_OF_TYPE: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "requests": 429,
    "tokens": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}

_BY_STATUS: Final = {
    401: FailureCode.AUTH_FAILED,
    402: FailureCode.SPEND_LIMIT,
    403: FailureCode.PERMISSION_DENIED,
    404: FailureCode.MODEL_NOT_FOUND,
    408: FailureCode.TIMEOUT,
    409: FailureCode.SERVER_ERROR,
    413: FailureCode.CONTEXT_TOO_LONG,
    429: FailureCode.RATE_LIMITED,
    503: FailureCode.OVERLOADED,
    504: FailureCode.TIMEOUT,
    529: FailureCode.OVERLOADED,
}

_SPENT: Final = ("spend_limit", "insufficient_quota", "billing", "credit_balance")
_SPENT_WORDS: Final = ("credit balance is too low", "exceeded your current quota")
_TOO_LONG: Final = ("context_length_exceeded", "string_above_max_length", "request_too_large")
_TOO_LONG_WORDS: Final = ("prompt is too long", "context window", "maximum context length", "request too large for")
_REFUSED: Final = ("content_filter", "content_policy", "moderation_blocked")

_SENTENCES: Final = {
    FailureCode.BAD_REQUEST: "The provider refused the request of config '{name}'",
    FailureCode.AUTH_FAILED: "The provider refused the API key of config '{name}'",
    FailureCode.PERMISSION_DENIED: "The key of config '{name}' may not use model '{model}'",
    FailureCode.MODEL_NOT_FOUND: "The provider of config '{name}' knows no model '{model}' at this address",
    FailureCode.CONTEXT_TOO_LONG: "The prompt is too long for model '{model}' of config '{name}'",
    FailureCode.CONTENT_REFUSED: "The provider of config '{name}' refused the content of the prompt",
    FailureCode.SPEND_LIMIT: "The account of config '{name}' has reached its spending limit or has no credit left",
    FailureCode.RATE_LIMITED: "The provider limits the rate of calls of config '{name}'",
    FailureCode.TIMEOUT: "The provider of config '{name}' gave up on the call for lack of time",
    FailureCode.OVERLOADED: "The provider of config '{name}' is overloaded",
    FailureCode.SERVER_ERROR: "The provider of config '{name}' has an error of its own",
}


def failure_of(refusal: Refusal, config: LLMConfig) -> ModelCallFailed:
    """The failure that the provider's error answer stands for."""
    status = refusal.status
    if status < 300:
        status = _STATUS_OF_TYPE.get(refusal.error_type) or _STATUS_OF_TYPE.get(refusal.error_code) or 500
    code = _code_of(refusal, status)
    where = refusal.status if refusal.status >= 300 else "in the middle of an answer"
    sentence = f"{_SENTENCES[code].format(name=config.name, model=config.model_name)} ({where})"
    words = presentable(refusal.message) if code is FailureCode.BAD_REQUEST else ""
    return ModelCallFailed(code, f"{sentence}: {words}" if words else f"{sentence}.", retry_after=refusal.retry_after)


def _code_of(refusal: Refusal, status: int) -> FailureCode:
    words = f"{refusal.error_type} {refusal.error_code}".lower()
    message = refusal.message.lower()
    if status in (400, 402, 403, 429) and (_any(_SPENT, words) or _any(_SPENT_WORDS, message)):
        return FailureCode.SPEND_LIMIT
    if status in (400, 413, 422, 429) and (_any(_TOO_LONG, words) or _any(_TOO_LONG_WORDS, message)):
        return FailureCode.CONTEXT_TOO_LONG
    if status in (400, 403, 422) and _any(_REFUSED, words):
        return FailureCode.CONTENT_REFUSED
    if status < 400:
        return FailureCode.MODEL_NOT_FOUND
    if status >= 500:
        return _BY_STATUS.get(status, FailureCode.SERVER_ERROR)
    return _BY_STATUS.get(status, FailureCode.BAD_REQUEST)


def _any(needles: tuple[str, ...], text: str) -> bool:
    return any(needle in text for needle in needles)
