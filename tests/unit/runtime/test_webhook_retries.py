"""What follows from one try of a webhook."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ai_platform.runtime.webhook_retries import BACKOFF, Next, Try, after, seconds_asked_for

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def a_try(status: int | None = 500, **changes: Any) -> Try:
    return Try(**{"at": NOW, "status_code": status, "error": None, "milliseconds": 3, **changes})


def test_any_2xx_delivers() -> None:
    assert after(a_try(299), tries_before=0, random=0.5) == Next("delivered")


@pytest.mark.parametrize("status", [None, 199, 302, 400, 404, 429, 500])
def test_anything_else_comes_again(status: int | None) -> None:
    assert after(a_try(status), tries_before=0, random=0.5).status == "pending"


@pytest.mark.parametrize(("before", "seconds"), list(enumerate(BACKOFF)))
def test_the_pauses_grow(before: int, seconds: float) -> None:
    assert after(a_try(), tries_before=before, random=0.5).seconds == pytest.approx(seconds)


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 4.5), (0.999_999, 5.5)])
def test_a_pause_varies_by_a_tenth(chance: float, seconds: float) -> None:
    assert after(a_try(), tries_before=0, random=chance).seconds == pytest.approx(seconds, abs=1e-4)


def test_the_last_try_fails_it() -> None:
    assert after(a_try(), tries_before=len(BACKOFF), random=0.5) == Next("failed")


def test_gone_fails_it_at_once() -> None:
    assert after(a_try(410), tries_before=0, random=0.5) == Next("failed")


def test_a_longer_retry_after_is_kept() -> None:
    assert after(a_try(429, retry_after=100.0), tries_before=0, random=0.5).seconds == 100.0


def test_a_shorter_retry_after_changes_nothing() -> None:
    assert after(a_try(429, retry_after=1.0), tries_before=1, random=0.5).seconds == pytest.approx(30.0)


def test_no_receiver_puts_it_off_for_more_than_a_day() -> None:
    assert after(a_try(429, retry_after=1e9), tries_before=0, random=0.5).seconds == 86_400.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 0 ", 0.0),
        ("9" * 400, 999_999_999.0),
        ("Mon, 05 Jan 2026 12:01:00 GMT", 60.0),
        ("Mon, 05 Jan 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1e3", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert seconds_asked_for(value, NOW) == seconds


def test_a_record_never_holds_the_receivers_words() -> None:
    assert a_try(500, error="unexpected_status", retry_after=3.0).record(2) == {
        "attempt": 2,
        "at": "2026-01-05T12:00:00+00:00",
        "status_code": 500,
        "error": "unexpected_status",
        "milliseconds": 3,
    }
