"""Each error answer of a provider has one code, which alone decides whether the call may be tried again."""

import pytest

from ai_platform.llm.domain.failures import RETRYABLE, FailureCode, ModelCallFailed
from ai_platform.llm.domain.refusals import Refusal, failure_of
from tests.unit.llm.fakes import a_config


def the_failure(status: int, *, error_type: str = "", error_code: str = "", message: str = "") -> ModelCallFailed:
    refusal = Refusal(status=status, error_type=error_type, error_code=error_code, message=message)
    return failure_of(refusal, a_config())


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, FailureCode.BAD_REQUEST),
        (401, FailureCode.AUTH_FAILED),
        (402, FailureCode.SPEND_LIMIT),
        (403, FailureCode.PERMISSION_DENIED),
        (404, FailureCode.MODEL_NOT_FOUND),
        (405, FailureCode.BAD_REQUEST),
        (408, FailureCode.TIMEOUT),
        (409, FailureCode.SERVER_ERROR),
        (413, FailureCode.CONTEXT_TOO_LONG),
        (422, FailureCode.BAD_REQUEST),
        (429, FailureCode.RATE_LIMITED),
        (500, FailureCode.SERVER_ERROR),
        (502, FailureCode.SERVER_ERROR),
        (503, FailureCode.OVERLOADED),
        (504, FailureCode.TIMEOUT),
        (529, FailureCode.OVERLOADED),
    ],
)
def test_a_status_has_its_code(status: int, code: FailureCode) -> None:
    assert the_failure(status).failure is code


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(status=429, error_type="insufficient_quota", error_code="insufficient_quota"),
        Refusal(status=429, error_code="billing_hard_limit_reached"),
        Refusal(status=429, error_type="rate_limit_error", error_code="enforced_spend_limit_reached"),
        Refusal(status=429, error_type="rate_limit_error", error_code="contract_spend_limit_reached"),
        Refusal(status=402, error_type="billing_error"),
        Refusal(status=400, error_type="invalid_request_error", message="Your credit balance is too low to access"),
    ],
)
def test_money_that_is_spent_is_never_tried_again(refusal: Refusal) -> None:
    failure = failure_of(refusal, a_config())

    assert failure.failure is FailureCode.SPEND_LIMIT
    assert not failure.retryable


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(status=400, error_code="context_length_exceeded"),
        Refusal(status=400, error_type="invalid_request_error", message="prompt is too long: 210000 tokens > 200000"),
        Refusal(status=413, error_type="request_too_large"),
        Refusal(status=429, error_type="tokens", message="Request too large for gpt-x on tokens per min: Limit 30000"),
    ],
)
def test_a_prompt_beyond_the_window_is_too_long_whatever_the_status(refusal: Refusal) -> None:
    assert failure_of(refusal, a_config()).failure is FailureCode.CONTEXT_TOO_LONG


@pytest.mark.parametrize("code", ["content_filter", "content_policy_violation"])
def test_a_filter_that_refuses_the_prompt_is_no_bad_request(code: str) -> None:
    assert the_failure(400, error_code=code).failure is FailureCode.CONTENT_REFUSED


@pytest.mark.parametrize(
    ("error_type", "code"),
    [
        ("overloaded_error", FailureCode.OVERLOADED),
        ("rate_limit_error", FailureCode.RATE_LIMITED),
        ("api_error", FailureCode.SERVER_ERROR),
        ("server_error", FailureCode.SERVER_ERROR),
        ("invalid_request_error", FailureCode.BAD_REQUEST),
        ("never seen before", FailureCode.SERVER_ERROR),
    ],
)
def test_inside_a_stream_the_type_stands_for_the_status(error_type: str, code: FailureCode) -> None:
    failure = the_failure(200, error_type=error_type)

    assert failure.failure is code
    assert "in the middle of an answer" in failure.detail


def test_a_wish_to_wait_is_kept_only_where_waiting_helps() -> None:
    limited = failure_of(Refusal(status=429, retry_after=3.0), a_config())
    refused = failure_of(Refusal(status=401, retry_after=3.0), a_config())

    assert (limited.retry_after, refused.retry_after) == (3.0, None)


def test_the_sentence_names_config_and_status_and_none_of_the_providers_words() -> None:
    failure = the_failure(401, message="Incorrect API key provided: sk-proj-secret123.")

    assert failure.detail == "The provider refused the API key of config 'smart' (401)."


def test_a_bad_request_says_what_is_wrong_with_it() -> None:
    failure = the_failure(400, message="Unsupported value: 'temperature'. Key sk-proj-secret123.")

    assert failure.detail == (
        "The provider refused the request of config 'smart' (400): Unsupported value: 'temperature'. Key [key]"
    )


def test_the_codes_that_may_be_tried_again_are_these() -> None:
    assert {code.value for code in RETRYABLE} == {
        "breaker_open",
        "llm_error_indicated",
        "llm_limit_reached",
        "llm_response_refused",
        "llm_response_too_short",
        "llm_response_truncated",
        "llm_rate_limited",
        "llm_timeout",
        "llm_overloaded",
        "llm_server_error",
        "llm_connection_failed",
        "llm_stream_cut",
        "llm_malformed_response",
        "llm_empty_response",
    }
