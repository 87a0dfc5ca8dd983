"""A provider's wish to wait is read in each of its three forms."""

from datetime import UTC, datetime

import pytest

from ai_platform.llm.domain.retry_after import LONGEST_WISH, retry_after

_NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 19:00:30 +0700"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "1e300"}, LONGEST_WISH),
    ],
)
def test_a_wish_becomes_seconds_from_now(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers, _NOW) == seconds


@pytest.mark.parametrize("stated", [None, "", "soon", "nan", "inf", "Sat, 99 Nov 2026", "Sat, 21 Nov 99999999999"])
def test_an_unreadable_wish_is_none(stated: str | None) -> None:
    assert retry_after({} if stated is None else {"retry-after": stated, "retry-after-ms": stated}, _NOW) is None
