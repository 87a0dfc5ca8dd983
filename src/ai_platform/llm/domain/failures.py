"""Every way in which a model call gives no usable answer, with one stable code and one sentence for each.

    never again as it stands             the same call may work later
    ------------------------             ----------------------------
    llm_config_not_found                 llm_rate_limited
    llm_template_not_found               llm_timeout
    llm_template_invalid                 llm_overloaded
    llm_provider_missing                 llm_server_error
    llm_key_missing                      llm_connection_failed
    llm_auth_failed                      llm_stream_cut
    llm_permission_denied                llm_malformed_response
    llm_bad_request                      llm_empty_response
    llm_model_not_found
    llm_context_too_long
    llm_content_refused
    llm_spend_limit                      llm_response_too_short, llm_error_indicated,
                                         llm_response_refused, llm_response_truncated
                                         breaker_open, llm_limit_reached: nothing was called

No sentence holds a key, a prompt or a provider's unfiltered words.
"""

from enum import StrEnum
from typing import Final

from ai_platform.kernel.errors import PlatformError
from ai_platform.llm.domain.config import LLMConfig


class FailureCode(StrEnum):
    CONFIG_NOT_FOUND = "llm_config_not_found"
    TEMPLATE_NOT_FOUND = "llm_template_not_found"
    TEMPLATE_INVALID = "llm_template_invalid"
    PROVIDER_MISSING = "llm_provider_missing"
    KEY_MISSING = "llm_key_missing"
    AUTH_FAILED = "llm_auth_failed"
    PERMISSION_DENIED = "llm_permission_denied"
    BAD_REQUEST = "llm_bad_request"
    MODEL_NOT_FOUND = "llm_model_not_found"
    CONTEXT_TOO_LONG = "llm_context_too_long"
    CONTENT_REFUSED = "llm_content_refused"
    SPEND_LIMIT = "llm_spend_limit"
    RATE_LIMITED = "llm_rate_limited"
    TIMEOUT = "llm_timeout"
    OVERLOADED = "llm_overloaded"
    SERVER_ERROR = "llm_server_error"
    CONNECTION_FAILED = "llm_connection_failed"
    STREAM_CUT = "llm_stream_cut"
    MALFORMED_RESPONSE = "llm_malformed_response"
    EMPTY_RESPONSE = "llm_empty_response"
    RESPONSE_TOO_SHORT = "llm_response_too_short"
    ERROR_INDICATED = "llm_error_indicated"
    RESPONSE_REFUSED = "llm_response_refused"
    RESPONSE_TRUNCATED = "llm_response_truncated"
    BREAKER_OPEN = "breaker_open"
    LIMIT_REACHED = "llm_limit_reached"


RETRYABLE: Final = frozenset(
    {
        FailureCode.RATE_LIMITED,
        FailureCode.TIMEOUT,
        FailureCode.OVERLOADED,
        FailureCode.SERVER_ERROR,
        FailureCode.CONNECTION_FAILED,
        FailureCode.STREAM_CUT,
        FailureCode.MALFORMED_RESPONSE,
        FailureCode.EMPTY_RESPONSE,
        FailureCode.RESPONSE_TOO_SHORT,
        FailureCode.ERROR_INDICATED,
        FailureCode.RESPONSE_REFUSED,
        FailureCode.RESPONSE_TRUNCATED,
        FailureCode.BREAKER_OPEN,
        FailureCode.LIMIT_REACHED,
    }
)


class ModelCallFailed(PlatformError):
    """A call without a usable answer. `retry_after` is the earliest time for another in seconds, if one is known.

    `untried` says that no model was called for it.
    """

    code = "llm_failed"

    def __init__(
        self, code: FailureCode, detail: str, *, retry_after: float | None = None, untried: bool = False
    ) -> None:
        super().__init__(detail, code=code.value)
        self.failure = code
        self.untried = untried
        self.retry_after = retry_after if code in RETRYABLE else None

    @property
    def retryable(self) -> bool:
        return self.failure in RETRYABLE


def config_not_found(name: str) -> ModelCallFailed:
    return ModelCallFailed(FailureCode.CONFIG_NOT_FOUND, f"There is no active LLM config '{name}'.")


def template_not_found(name: str) -> ModelCallFailed:
    return ModelCallFailed(FailureCode.TEMPLATE_NOT_FOUND, f"There is no active prompt template '{name}'.")


def template_invalid(reason: str) -> ModelCallFailed:
    return ModelCallFailed(FailureCode.TEMPLATE_INVALID, reason)


def provider_missing(config: LLMConfig) -> ModelCallFailed:
    return ModelCallFailed(
        FailureCode.PROVIDER_MISSING,
        f"Provider '{config.provider}' of config '{config.name}' is unknown or its LangChain package is not installed.",
    )


def key_missing(config: LLMConfig) -> ModelCallFailed:
    return ModelCallFailed(
        FailureCode.KEY_MISSING,
        f"Config '{config.name}' takes its API key from {config.key_variable or 'the environment'}, "
        "which is not set where this worker runs.",
    )


def unusable_config(config: LLMConfig, reason: str) -> ModelCallFailed:
    return ModelCallFailed(FailureCode.BAD_REQUEST, f"Config '{config.name}' cannot be used: {reason}.")


def timed_out(config: LLMConfig) -> ModelCallFailed:
    return ModelCallFailed(
        FailureCode.TIMEOUT, f"The provider of config '{config.name}' did not answer within the time it was given."
    )


def connection_failed(config: LLMConfig) -> ModelCallFailed:
    return ModelCallFailed(
        FailureCode.CONNECTION_FAILED, f"The connection to the provider of config '{config.name}' failed."
    )


def stream_cut(config: LLMConfig) -> ModelCallFailed:
    return ModelCallFailed(
        FailureCode.STREAM_CUT, f"The answer of config '{config.name}' broke off in the middle of its stream."
    )


def malformed(config: LLMConfig, clue: str) -> ModelCallFailed:
    """`clue` is a word for the one who has to find out: never the provider's."""
    return ModelCallFailed(
        FailureCode.MALFORMED_RESPONSE,
        f"What came from the address of config '{config.name}' cannot be read as an answer of '{config.provider}' "
        f"({clue}).",
    )


def empty(config: LLMConfig, *, truncated: bool) -> ModelCallFailed:
    reason = f": it used up max_tokens ({config.max_tokens}) before its first word" if truncated else ""
    return ModelCallFailed(
        FailureCode.EMPTY_RESPONSE, f"The model of config '{config.name}' answered without text{reason}."
    )


def refused(config: LLMConfig) -> ModelCallFailed:
    return ModelCallFailed(FailureCode.CONTENT_REFUSED, f"The model of config '{config.name}' declined to answer.")


def breaker_open(config: LLMConfig, retry_after: float) -> ModelCallFailed:
    return ModelCallFailed(
        FailureCode.BREAKER_OPEN,
        f"Calls to config '{config.name}' are held back, because its provider failed too often.",
        retry_after=retry_after,
        untried=True,
    )


def limit_reached(config: LLMConfig, reason: str, retry_after: float) -> ModelCallFailed:
    return ModelCallFailed(
        FailureCode.LIMIT_REACHED,
        f"Config '{config.name}' cannot be called now: {reason}.",
        retry_after=retry_after,
        untried=True,
    )
