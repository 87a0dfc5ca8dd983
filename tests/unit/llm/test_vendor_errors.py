"""An exception is read by its shape, so that vendors who are not installed are classified too."""

from typing import ClassVar

import pytest

from ai_platform.llm.domain.failures import FailureCode
from ai_platform.llm.infrastructure.vendor_errors import failure_from
from tests.unit.llm.fakes import a_config


class VendorError(Exception):
    """What SDKs raise: any of a status, a body and a response."""

    def __init__(self, **shape: object) -> None:
        super().__init__("sk-proj-secret123")
        vars(self).update(shape)


class ReadTimeout(Exception):
    """Named as HTTP libraries name it."""


class ConnectError(Exception):
    """Named as HTTP libraries name it."""


class AnswerTo:
    headers: ClassVar = {"Retry-After": "2"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (VendorError(status_code=401), FailureCode.AUTH_FAILED),
        (VendorError(code=503), FailureCode.OVERLOADED),
        (VendorError(status_code=429, body={"error": {"type": "insufficient_quota"}}), FailureCode.SPEND_LIMIT),
        (VendorError(status_code=429, body={"type": "insufficient_quota"}), FailureCode.SPEND_LIMIT),
        (
            VendorError(status_code=200, body={"type": "error", "error": {"type": "overloaded_error"}}),
            FailureCode.OVERLOADED,
        ),
        (VendorError(body={"type": "server_error", "message": "sorry"}), FailureCode.SERVER_ERROR),
        (ValueError({"code": 429, "message": "slow down"}), FailureCode.RATE_LIMITED),
        (TimeoutError(), FailureCode.TIMEOUT),
        (ReadTimeout(), FailureCode.TIMEOUT),
        (ConnectError(), FailureCode.CONNECTION_FAILED),
        (ConnectionResetError(), FailureCode.CONNECTION_FAILED),
        (ValueError("Expected a dict, got <html>"), FailureCode.MALFORMED_RESPONSE),
        (KeyError("choices"), FailureCode.MALFORMED_RESPONSE),
        (VendorError(status_code=200, body="<html>"), FailureCode.MALFORMED_RESPONSE),
    ],
)
def test_a_shape_has_its_code(error: Exception, code: FailureCode) -> None:
    failure = failure_from(error, a_config(), broke_off=False)

    assert failure.failure is code
    assert "secret" not in failure.detail


@pytest.mark.parametrize("error", [ConnectError(), ConnectionResetError(), ValueError("no event")])
def test_whatever_breaks_a_stream_that_had_begun_has_cut_it(error: Exception) -> None:
    assert failure_from(error, a_config(), broke_off=True).failure is FailureCode.STREAM_CUT


def test_an_error_that_the_provider_states_is_not_taken_for_a_cut() -> None:
    error = VendorError(status_code=200, body={"type": "error", "error": {"type": "overloaded_error"}})

    assert failure_from(error, a_config(), broke_off=True).failure is FailureCode.OVERLOADED


def test_the_wish_to_wait_is_read_from_the_answers_headers() -> None:
    error = VendorError(status_code=429, response=AnswerTo())

    assert failure_from(error, a_config(), broke_off=False).retry_after == 2.0
